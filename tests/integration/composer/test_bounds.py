"""Whatever is free in a document is bounded, each part with its own refusal, and lists stay short."""

import json
from typing import Any

import pytest

from tests.integration.composer.rig import TEMPLATE, Rig, flow
from tests.integration.composer.test_executions import stocked
from tests.integration.composer.test_schedules import WEEKLY

__all__ = ["stocked"]


def refused(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text[:300]
    return [(each["code"], each["path"]) for each in answer.json()["details"]["problems"]]


def bound_to(**options: Any) -> list[dict[str, Any]]:
    return [{"id": "names", "from": "top", "to": "detail", "map": {"names": {"column": "name", **options}}}]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"description": "x" * 10_001}, ("TOO_LONG", "description")),
        ({"description": "x" * 2_000_000}, ("TOO_LONG", "description")),
        ({"name": "x" * 256}, ("WRONG_VALUE", "name")),
        ({"tags": ["t"] * 101}, ("TOO_MANY_ITEMS", "tags")),
        ({"tags": [str(number) for number in range(100_000)]}, ("TOO_MANY_ITEMS", "tags")),
        ({"tags": ["t" * 101]}, ("TOO_LONG", "tags")),
        ({"connection": "c" * 101}, ("TOO_LONG", "connection")),
        ({"parameters": {"least": {"type": "integer", "label": "x" * 256}}}, ("TOO_LONG", "parameters.least.label")),
        (
            {"nodes": {"top": {"template": "top_things", "when": "x" * 10_001}}, "connections": []},
            ("TOO_LONG", "nodes.top.when"),
        ),
        ({"connections": bound_to(where="x" * 10_001)}, ("TOO_LONG", "connections.names.map.names.where")),
        (
            {"connections": bound_to(order_by=["name"] * 101)},
            ("TOO_MANY_ITEMS", "connections.names.map.names.order_by"),
        ),
        ({"connections": bound_to(column="x" * 1_001)}, ("TOO_LONG", "connections.names.map.names.column")),
        ({"layout": {"notes": [{}] * 1_001}}, ("TOO_MANY_ITEMS", "layout.notes")),
    ],
)
async def test_a_flow_is_bounded(stocked: Rig, changes: dict[str, Any], problem: tuple[str, str]) -> None:
    assert refused(await stocked.post("/api/compositions", flow("comp_large", **changes))) == [problem]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"description": "x" * 10_001}, ("TOO_LONG", "description")),
        ({"tags": ["t"] * 101}, ("TOO_MANY_ITEMS", "tags")),
        ({"category": "c" * 101}, ("TOO_LONG", "category")),
        (
            {"parameters": {"least": {"type": "integer", "default": 1, "help": "x" * 10_001}}},
            ("TOO_LONG", "parameters.least.help"),
        ),
        ({"outputs": {"name": {"type": "x" * 10_001}}}, ("TOO_LONG", "outputs.name")),
        ({"charts": [{"name": str(number), "type": "bar"} for number in range(101)]}, ("TOO_MANY_ITEMS", "charts")),
    ],
)
async def test_a_template_is_bounded(rig: Rig, changes: dict[str, Any], problem: tuple[str, str]) -> None:
    assert refused(await rig.post("/api/templates", {**TEMPLATE, **changes})) == [problem]


async def test_what_is_within_its_bound_is_saved_and_lists_show_its_beginning(stocked: Rig) -> None:
    long = "x" * 10_000
    await stocked.saved("/api/compositions", flow("comp_long", description=long, tags=["t" * 100] * 100))
    helped = {"least": {"type": "integer", "default": 1, "help": long}}
    await stocked.saved(
        "/api/templates", {**TEMPLATE, "template_id": "long", "description": long, "parameters": helped}
    )
    sql = f"SELECT 1 AS one -- {long}"
    await stocked.saved("/api/workflows", {"name": "w", "description": long, "sql": sql, "connection": "sample"})
    await stocked.post("/api/compositions/comp_things/publish", **{"If-Match": "*"})
    await stocked.saved("/api/schedules", WEEKLY)
    for path in ("compositions", "templates", "workflows"):
        listed = (await stocked.client.get(f"/api/{path}")).json()["items"]
        shown = next(each for each in listed if each["description"] and each["description"].startswith("xxx"))
        assert shown["description"] == "x" * 499 + "…"
        assert len(json.dumps(shown)) < 20_000
    read = (await stocked.client.get("/api/compositions/comp_long")).json()
    assert read["description"] == long
    template = next(
        each for each in (await stocked.client.get("/api/templates")).json()["items"] if each["template_id"] == "long"
    )
    assert template["parameters"]["least"]["help"] is None
