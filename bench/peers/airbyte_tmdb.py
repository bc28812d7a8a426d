"""The workload with Airbyte's low-code CDK: a manifest with a substream for the details, to JSON lines.

Usage: airbyte_tmdb.py BASE_URL OUT WORKERS BUDGET GENRES FROM TO   (BUDGET: requests a second, 0 for none)
"""

import logging
import os
import sys

BASE_URL, OUT, WORKERS, BUDGET, GENRES, FROM, TO = sys.argv[1:8]

from airbyte_cdk.models import (  # noqa: E402
    AirbyteMessageSerializer,
    ConfiguredAirbyteCatalogSerializer,
    Type,
)
from airbyte_cdk.sources.declarative.concurrent_declarative_source import (  # noqa: E402
    ConcurrentDeclarativeSource,
)
import orjson  # noqa: E402


def stream(name, path, parameters, router, paginator, field):
    return {
        "type": "DeclarativeStream",
        "name": name,
        "primary_key": [],
        "retriever": {
            "type": "SimpleRetriever",
            "requester": {
                "type": "HttpRequester",
                "url_base": BASE_URL + "/",
                "path": path,
                "http_method": "GET",
                "authenticator": {"type": "BearerAuthenticator", "api_token": "simulator"},
                "request_parameters": parameters,
            },
            "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": field}},
            "partition_router": router,
            "paginator": paginator,
        },
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "additionalProperties": True}},
    }


def values(field, all_of_them):
    return {"type": "ListPartitionRouter", "values": all_of_them, "cursor_field": field}


LISTS = stream(
    "movies",
    "discover/movie",
    {
        "include_adult": "false",
        "include_video": "false",
        "language": "en-US",
        "sort_by": "primary_release_date.asc",
        "vote_average.gte": "0",
        "vote_count.gte": "5",
        "with_genres": "{{ stream_partition.genre }}",
        "primary_release_date.gte": "{{ stream_partition.year }}-01-01",
        "primary_release_date.lte": "{{ stream_partition.year }}-12-31",
    },
    [
        values("genre", GENRES.split(",")),
        values("year", [str(year) for year in range(int(FROM), int(TO) + 1)]),
    ],
    {
        "type": "DefaultPaginator",
        "page_token_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "page"},
        "pagination_strategy": {
            "type": "CursorPagination",
            "cursor_value": "{{ response.page + 1 }}",
            "stop_condition": "{{ response.page >= response.total_pages }}",
        },
    },
    ["results"],
)
DETAILS = stream(
    "details",
    "movie/{{ stream_partition.id }}",
    {"append_to_response": "credits"},
    {
        "type": "SubstreamPartitionRouter",
        "parent_stream_configs": [
            {"type": "ParentStreamConfig", "parent_key": "id", "partition_field": "id", "stream": LISTS}
        ],
    },
    {"type": "NoPagination"},
    [],
)
MANIFEST = {
    "version": "7.0.0",
    "type": "DeclarativeSource",
    "check": {"type": "CheckStream", "stream_names": ["details"]},
    "streams": [DETAILS],
    "concurrency_level": {"type": "ConcurrencyLevel", "default_concurrency": int(WORKERS), "max_concurrency": 200},
    "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
}
if BUDGET != "0":
    MANIFEST["api_budget"] = {
        "type": "HTTPAPIBudget",
        "policies": [
            {
                "type": "MovingWindowCallRatePolicy",
                "rates": [{"type": "Rate", "limit": int(BUDGET), "interval": "PT1S"}],
                "matchers": [],
            }
        ],
    }

catalog = ConfiguredAirbyteCatalogSerializer.load(
    {
        "streams": [
            {
                "stream": {"name": "details", "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
                "sync_mode": "full_refresh",
                "destination_sync_mode": "overwrite",
            }
        ]
    }
)
logger = logging.getLogger("airbyte")
logger.setLevel(logging.CRITICAL)
source = ConcurrentDeclarativeSource(catalog=catalog, config={}, state=[], source_config=MANIFEST)
os.makedirs(OUT, exist_ok=True)
count = 0
with open(f"{OUT}/details.jsonl", "wb") as file:
    for message in source.read(logger, {}, catalog, []):
        if message.type == Type.RECORD:
            count += 1
            file.write(orjson.dumps(AirbyteMessageSerializer.dump(message)["record"]["data"]) + b"\n")
print(count)
