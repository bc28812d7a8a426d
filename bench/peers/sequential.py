"""The script that people start with: one loop, one request after the other, details and credits separately.

Usage: sequential.py BASE_URL OUT GENRES FROM TO
"""

import json
import os
import sys

import requests

BASE_URL, OUT, GENRES, FROM, TO = sys.argv[1:6]
HEADERS = {"Authorization": "Bearer simulator"}
os.makedirs(OUT, exist_ok=True)
count = 0


def get(path, **params):
    response = requests.get(f"{BASE_URL}/{path}", params=params, headers=HEADERS, timeout=30)
    response.raise_for_status()
    return response.json()


for genre in GENRES.split(","):
    for year in range(int(FROM), int(TO) + 1):
        movies, page, pages = [], 1, 1
        while page <= pages:
            listed = get(
                "discover/movie",
                **{
                    "include_adult": "false",
                    "include_video": "false",
                    "language": "en-US",
                    "vote_average.gte": 0,
                    "vote_count.gte": 5,
                    "with_genres": genre,
                    "primary_release_date.gte": f"{year}-01-01",
                    "primary_release_date.lte": f"{year}-12-31",
                    "page": page,
                },
            )
            pages = listed["total_pages"]
            page += 1
            for movie in listed["results"]:
                try:
                    details = get(f"movie/{movie['id']}")
                    credits = get(f"movie/{movie['id']}/credits")
                except requests.RequestException as error:
                    print(error, file=sys.stderr)
                    continue
                movies.append({**movie, "budget": details["budget"], "credits": credits})
        count += len(movies)
        for part in range(0, len(movies), 100):
            with open(f"{OUT}/movie_{genre}_{year}_part_{part // 100 + 1}.json", "w", encoding="utf-8") as file:
                json.dump(movies[part : part + 100], file, indent=4)
print(count)
