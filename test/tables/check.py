"""Reads the tables of a day with DuckDB, pyarrow and Spark, without options, and compares them with the parts.

Needs Python 3.10 or later with `pip install duckdb pyarrow`, and a bucket's folder with a finished run of crime-war. For
Spark, it also needs Java 8, 11 or 17 and `pip install pyspark==3.5.5`; without pyspark, it leaves Spark out and says so.

    npm start -- --out .local
    python3 test/tables/check.py .local/bucket

With --two-days and a folder that test/tables/two-days.ts has written, it checks that two days with other values have one
schema and are read together. It prints what it compared, and ends with 1 where something differs.
"""

import glob
import json
import os
import sys
from datetime import date

import duckdb
import pyarrow.compute as pc
import pyarrow.dataset as ds

try:
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as F

    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
except ImportError:
    spark = None
    print("pyspark is not installed: without Spark")

TABLES = ["movies", "movie_genres", "movie_countries", "movie_cast", "movie_directors"]
failures = 0


def compare(what, *values):
    """Each reader's value for one question; the first is the expected one."""
    global failures
    same = all(value == values[0] or (isinstance(value, float) and abs(value - values[0]) < 1e-3) for value in values)
    failures += not same
    print(("ok    " if same else "DIFFERS ") + what, *(values[:1] if same else values))


def reader(folder):
    """A table by both libraries: a DuckDB relation and a pyarrow table."""
    duck = duckdb.sql(f"SELECT * FROM '{folder}/*/*.parquet'")
    arrow = ds.dataset(folder, format="parquet", partitioning="hive").to_table()
    return duck, arrow


def by_spark(folder, day=None):
    """A table as Spark reads it; None without Spark."""
    if spark is None:
        return None
    rows = spark.read.parquet(folder)
    return rows if day is None else rows.filter(F.col("dt") == day)


def spark_value(rows, aggregate, column):
    """One value of Spark, in a list; an empty list without Spark."""
    return [] if rows is None else [rows.agg(getattr(F, aggregate)(column)).first()[0]]


def same_schema(folder):
    """Whether every file declares the same columns."""
    schemas = {ds.dataset(file, format="parquet").schema.to_string() for file in glob.glob(f"{folder}/dt=*/*.parquet")}
    return len(schemas)


def one_day(bucket, dataset="crime-war"):
    root = f"{bucket}/Trusted/TMDB/PARQUET/{dataset}"
    latest = json.load(open(f"{bucket}/_manifests/{dataset}/latest.json"))["day"]
    branches = glob.glob(f"{bucket}/_manifests/{dataset}/{latest}/branches/*.json")
    movies = {}
    for branch in branches:
        for part in json.load(open(branch))["parts"]:
            for movie in json.load(open(f"{bucket}/{part['key']}")):
                movies[movie["id"]] = movie
    day = f"dt={latest}"

    def in_spark(table, aggregate, column):
        return spark_value(by_spark(f"{root}/{table}", latest), aggregate, column)

    def of_day(table):
        duck, arrow = reader(f"{root}/{table}")
        return duck.filter(f"dt = DATE '{latest}'"), arrow.filter(pc.equal(pc.cast(arrow["dt"], "string"), latest))

    rows = {
        "movies": len(movies),
        "movie_genres": sum(max(1, len(m["genre_ids"])) for m in movies.values()),
        "movie_countries": sum(max(1, len(m["origin_country"])) for m in movies.values()),
        "movie_cast": sum(len(m["actors"]) for m in movies.values()),
        "movie_directors": sum(len(m["directors"]) for m in movies.values()),
    }
    for table in TABLES:
        duck, arrow = of_day(table)
        compare(f"{day} {table}: rows", rows[table], duck.count("*").fetchall()[0][0], arrow.num_rows, *in_spark(table, "count", "*"))
        compare(f"{table}: schemas of its files", 1, same_schema(f"{root}/{table}"))

    duck, arrow = of_day("movies")
    for column in ["budget", "vote_count"]:
        expected = sum(m[column] for m in movies.values())
        compare(f"sum of {column}", expected, duck.sum(column).fetchall()[0][0], pc.sum(arrow[column]).as_py(), *in_spark("movies", "sum", column))
    compare("distinct ids", len(movies), duck.aggregate("count(distinct id)").fetchall()[0][0], len(set(arrow["id"].to_pylist())), *in_spark("movies", "countDistinct", "id"))
    expected = sum(m["vote_average"] for m in movies.values())
    compare("sum of vote_average", expected, duck.sum("vote_average").fetchall()[0][0], pc.sum(arrow["vote_average"]).as_py(), *in_spark("movies", "sum", "vote_average"))
    expected = min(m["release_date"] for m in movies.values() if m["release_date"])
    compare("first release_date", date.fromisoformat(expected), duck.min("release_date").fetchall()[0][0], pc.min(arrow["release_date"]).as_py(), *in_spark("movies", "min", "release_date"))

    budgets = sum(m["budget"] for m in movies.values())
    budget_of = {m["id"]: m["budget"] for m in movies.values()}
    for table in ["movie_genres", "movie_countries"]:
        shares, arrow_shares = of_day(table)
        m = duck.set_alias("m")
        s = shares.set_alias("s")
        joined = s.join(m, "m.id = s.movie_id").aggregate("sum(m.budget * s.share)").fetchall()[0][0]
        by_hand = sum(
            budget_of[id] * share
            for id, share in zip(arrow_shares["movie_id"].to_pylist(), arrow_shares["share"].to_pylist())
        )
        spark_sum = []
        if spark:
            left = by_spark(f"{root}/{table}", latest).alias("s")
            right = by_spark(f"{root}/movies", latest).alias("m")
            both = left.join(right, F.col("s.movie_id") == F.col("m.id"))
            spark_sum = spark_value(both, "sum", F.col("m.budget") * F.col("s.share"))
        compare(f"sum of budgets over {table} by share", float(budgets), joined, by_hand, *spark_sum)
    for table, field in [("movie_cast", "actors"), ("movie_directors", "directors")]:
        people = {p["id"] for m in movies.values() for p in m[field]}
        duck, arrow = of_day(table)
        compare(
            f"distinct people of {table}",
            len(people),
            duck.aggregate("count(distinct person_id)").fetchall()[0][0],
            len(set(arrow["person_id"].to_pylist())),
            *in_spark(table, "countDistinct", "person_id"),
        )
    duck, arrow = of_day("genres")
    compare("genres", 27, duck.count("*").fetchall()[0][0], arrow.num_rows, *in_spark("genres", "count", "*"))


def two_days(folder):
    root = f"{folder}/Trusted/TMDB/PARQUET/crime-war"
    for table in TABLES:
        compare(f"{table}: schemas of its files", 1, same_schema(f"{root}/{table}"))
    duck, arrow = reader(f"{root}/movies")
    compare("days that are read together", 2, duck.aggregate("count(distinct dt)").fetchall()[0][0], len(set(map(str, arrow["dt"].to_pylist()))))
    rows = by_spark(f"{root}/movies")
    compare("days that Spark reads together", 2, *spark_value(rows, "countDistinct", "dt"))
    averages = spark_value(rows, "sum", "vote_average")
    compare("sum of averages 7.0 + 7.5", 14.5, duck.sum("vote_average").fetchall()[0][0], pc.sum(arrow["vote_average"]).as_py(), *averages)
    compare("rows without an average", 3, duck.filter("vote_average IS NULL").count("*").fetchall()[0][0], arrow["vote_average"].null_count)
    compare("sum of budgets", 3_000_000_000, duck.sum("budget").fetchall()[0][0], pc.sum(arrow["budget"]).as_py(), *spark_value(rows, "sum", "budget"))
    compare("type of vote_average", "double", str(arrow.schema.field("vote_average").type))
    drift = json.load(open(f"{folder}/drift.json"))
    compare("values of the first day that do not fit", 0, sum(one["values"] for one in drift[0]))
    compare("values of the second day that do not fit", 3, sum(one["values"] for one in drift[1]))


if __name__ == "__main__":
    if len(sys.argv) < 2 or not os.path.isdir(sys.argv[-1]):
        sys.exit(__doc__)
    two_days(sys.argv[-1]) if sys.argv[1] == "--two-days" else one_day(sys.argv[1])
    sys.exit(1 if failures else 0)
