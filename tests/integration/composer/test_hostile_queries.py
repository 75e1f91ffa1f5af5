"""What nobody should send to the routes of single queries, workflows, connections and combinations is refused."""

from typing import Any

import pytest

from tests.integration.composer.rig import Rig, with_templates

ROUTES = (
    "/api/queries",
    "/api/workflows",
    "/api/engine-connections",
    "/api/combinations",
    "/api/templates/top_things/run",
)
DOCUMENTS: dict[str, Any] = {
    "/api/queries": {"sql": "SELECT 1", "connection": "sample"},
    "/api/workflows": {"name": "A", "sql": "SELECT 1", "connection": "sample"},
    "/api/engine-connections": {"name": "a", "settings": {"folder": "/a"}},
    "/api/combinations": {"composition_id": "comp_a", "name": "A", "templates": ["top_things"]},
    "/api/templates/top_things/run": {"connection": "sample"},
}
WRONG: list[Any] = [
    [],
    "text",
    7,
    None,
    {"parameters": []},
    {"parameters": {"a": {"type": 1, "value": {}}}},
    {"parameters": {"least": {"deep": [[{}]]}}},
    {"connection": ["sample"]},
    {"connection": "x" * 5_000},
    {"window": {"time_zone": "Nowhere/../../etc"}},
    {"window": {"range": "last_0_days", "time_zone": "Mars"}},
    {"window": {"start": "0001-01-01", "end": "9999-12-31"}},
    {"window": "last_30_days"},
    {"logical_date": 20_261_122},
    {"logical_date": "9999-99-99"},
    {"sql": "SELECT (" * 3_000},
    {"sql": "x" * 300_000},
    {"sql": "'; DROP TABLE users; --"},
    {"settings": {"folder": "/a\0b"}},
    {"settings": {"folder": "/" + "x/" * 9_000}},
    {"settings": {"folder": "/", "secret": 1}},
    {"settings": {"folder": "/", "tables": []}},
    {"name": ""},
    {"name": "x" * 3_000},
    {"templates": ["x" * 3_000]},
    {"version": 0},
    {"version": 10**30},
    {"slots": 10**30},
]


@pytest.mark.parametrize("path", ROUTES)
async def test_wrong_bodies_are_refused_or_understood(rig: Rig, path: str) -> None:
    await with_templates(rig)
    for wrong in WRONG:
        body = {**DOCUMENTS[path], **wrong} if isinstance(wrong, dict) else wrong
        answer = await rig.post(path, body)
        assert answer.status_code in {201, 202, 400, 403, 404, 409, 413, 422}, (wrong, answer.text)
        if answer.status_code >= 400:
            assert answer.json().keys() == {"error", "message", "details"}


@pytest.mark.parametrize("number", [1_000, 1_001])
async def test_parameters_have_a_number(rig: Rig, number: int) -> None:
    names = [f"p{place}" for place in range(number)]
    sql = "SELECT " + " + ".join(f"{{{{{name}}}}}" for name in names)
    query = {"sql": sql, "connection": "sample", "parameters": dict.fromkeys(names, 1)}
    answer = await rig.post("/api/queries", query)
    assert answer.status_code == (202 if number == 1_000 else 422), answer.text[:500]
    document = {"name": "Many", **query}
    saved = await rig.saved("/api/workflows", document)
    assert [each["code"] for each in saved["problems"]] == ([] if number == 1_000 else ["TOO_MANY"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/workflows/nothing"),
        ("POST", "/api/workflows/nothing/execute"),
        ("GET", "/api/workflows?cursor=nothing"),
        ("GET", "/api/engine-connections/%2e%2e%2fetc"),
        ("GET", "/api/engine-connections/" + "x" * 5_000),
        ("GET", "/api/engine-connections/%F0%9F%98%80/catalogue"),
        ("POST", "/api/templates/%27%3B--/run"),
        ("GET", "/api/schedules?workflow_id=nothing"),
    ],
)
async def test_odd_addresses_are_answered(rig: Rig, method: str, path: str) -> None:
    answer = await rig.client.request(method, path)
    assert answer.status_code in {404, 422}, answer.text
