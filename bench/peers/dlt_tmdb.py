"""The workload with dlt: its REST API source, with the details as a dependent resource, to gzipped JSON lines.

Usage: dlt_tmdb.py BASE_URL OUT WORKERS GENRES FROM TO
"""

import os
import sys

BASE_URL, OUT, WORKERS, GENRES, FROM, TO = sys.argv[1:7]
os.environ.update(
    {
        "EXTRACT__WORKERS": WORKERS,
        "EXTRACT__MAX_PARALLEL_ITEMS": WORKERS,
        "DESTINATION__FILESYSTEM__BUCKET_URL": f"file://{OUT}",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "CRITICAL",
    }
)

import dlt  # noqa: E402  dlt reads its settings from the environment
from dlt.sources.rest_api import rest_api_resources  # noqa: E402


@dlt.resource
def branches():
    for genre in GENRES.split(","):
        for year in range(int(FROM), int(TO) + 1):
            yield [{"genre": genre, "year": year}]


LIST = {
    "include_adult": "false",
    "include_video": "false",
    "language": "en-US",
    "sort_by": "primary_release_date.asc",
    "vote_average.gte": 0,
    "vote_count.gte": 5,
    "with_genres": "{resources.branches.genre}",
    "primary_release_date.gte": "{resources.branches.year}-01-01",
    "primary_release_date.lte": "{resources.branches.year}-12-31",
}


@dlt.source
def tmdb():
    yield from rest_api_resources(
        {
            "client": {
                "base_url": BASE_URL + "/",
                "auth": {"type": "bearer", "token": "simulator"},
                "paginator": {"type": "page_number", "base_page": 1, "total_path": "total_pages"},
            },
            "resources": [
                branches(),
                {
                    "name": "movies",
                    "endpoint": {"path": "discover/movie", "params": LIST, "data_selector": "results"},
                    "parallelized": True,
                },
                {
                    "name": "details",
                    "endpoint": {
                        "path": "movie/{resources.movies.id}",
                        "params": {"append_to_response": "credits"},
                        "paginator": "single_page",
                    },
                    "parallelized": True,
                    # The details stay one JSON value, as a raw zone has them.
                    "max_table_nesting": 0,
                },
            ],
        }
    )


pipeline = dlt.pipeline("tmdb", destination="filesystem", dataset_name="raw", pipelines_dir=f"{OUT}/state")
pipeline.run(tmdb(), loader_file_format="jsonl")
print(pipeline.last_trace.last_normalize_info.row_counts.get("details", 0))
