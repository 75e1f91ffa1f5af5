"""Templates over HTTP."""

import asyncio
from typing import Any

import pytest

from tests.integration.composer.rig import TEMPLATE, Rig

ADDRESS = "/api/templates/top_things"
CHARTED = {**TEMPLATE, "charts": [{"name": "Bars", "type": "bar"}], "tags": ["things"], "category": "basics"}


async def test_a_template_is_read_back_as_it_was_saved(rig: Rig) -> None:
    saved = await rig.saved("/api/templates", CHARTED)
    assert {key: saved[key] for key in TEMPLATE} == TEMPLATE | {
        "outputs": saved["outputs"],
        "parameters": saved["parameters"],
    }
    read = await rig.client.get(ADDRESS)
    assert read.json() == {key: value for key, value in saved.items() if key != "problems"}
    as_file = await rig.client.get(f"{ADDRESS}?format=yaml")
    again = {**TEMPLATE, "template_id": "other"}
    posted = await rig.client.post(
        "/api/templates",
        content=as_file.text.replace("template_id: top_things", "template_id: other"),
        headers={"Content-Type": "application/yaml"},
    )
    assert posted.json()["sql"] == again["sql"]


async def test_its_parameters_and_charts_are_rows(rig: Rig) -> None:
    await rig.saved("/api/templates", CHARTED)
    (parameter,) = await rig.connection.fetch("SELECT * FROM template_parameters")
    assert (parameter["parameter_name"], parameter["parameter_type"], parameter["default_value"]) == (
        "least",
        "integer",
        "1",
    )
    (chart,) = await rig.connection.fetch("SELECT * FROM template_chart_configs")
    assert (chart["chart_name"], chart["chart_type"]) == ("Bars", "bar")


async def test_a_change_appends_a_version_and_the_same_text_none(rig: Rig) -> None:
    await rig.saved("/api/templates", TEMPLATE)
    assert (await rig.client.put(ADDRESS, json=TEMPLATE)).status_code == 428
    same = await rig.client.put(ADDRESS, json=TEMPLATE, headers={"If-Match": '"1"'})
    assert (same.json()["version"], same.headers["etag"]) == (1, '"1"')
    change = {**TEMPLATE, "name": "Better"}
    changed = await rig.client.put(ADDRESS, json=change, headers={"If-Match": '"1"'})
    assert (changed.json()["version"], changed.json()["name"]) == (2, "Better")
    assert (await rig.client.put(ADDRESS, json=change, headers={"If-Match": '"1"'})).status_code == 412
    assert await rig.count("template_versions") == 2


async def test_an_id_is_taken_once(rig: Rig) -> None:
    answers = await asyncio.gather(*(rig.post("/api/templates", TEMPLATE) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert (await rig.client.get("/api/templates/absent")).status_code == 404
    other = await rig.client.put("/api/templates/absent", json=TEMPLATE, headers={"If-Match": "*"})
    assert other.status_code == 422


async def test_of_changes_at_once_one_wins_and_the_others_are_told(rig: Rig) -> None:
    await rig.saved("/api/templates", TEMPLATE)
    changes = [{**TEMPLATE, "name": f"Changed {number}"} for number in range(4)]
    answers = await asyncio.gather(
        *(rig.client.put("/api/templates/top_things", json=each, headers={"If-Match": '"1"'}) for each in changes)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]


async def test_outputs_that_are_not_declared_are_read_from_the_sql(rig: Rig) -> None:
    silent = {key: value for key, value in TEMPLATE.items() if key != "outputs"}
    saved = await rig.saved("/api/templates", silent)
    assert list(saved["outputs"]) == ["name", "amount"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"sql": "SELECT name FROM things WHERE amount >= {{unknown}}"},
        {"sql": "DROP TABLE things"},
        {"sql": "SELECT 1; SELECT {{least}}"},
        {"sql": "SELECT FROM WHERE {{least}}"},
        {"charts": [{"name": "a", "type": "bar"}, {"name": "a", "type": "pie"}]},
        {"category": "c" * 101},
        {"tags": ["t" * 101]},
        {"dialect": "oracle"},
        {"template_id": "Not An Id"},
    ],
)
async def test_a_template_that_could_never_run_is_refused(rig: Rig, wrong: dict[str, Any]) -> None:
    refused = await rig.post("/api/templates", {**TEMPLATE, **wrong})
    assert refused.status_code == 422, refused.text
    assert refused.json()["details"]["problems"]
    assert await rig.count("query_flow_templates") == 0


async def test_templates_and_engine_connections_are_listed_for_choosing(rig: Rig) -> None:
    for at in range(3):
        await rig.saved("/api/templates", {**TEMPLATE, "template_id": f"t{at}"})
    first = (await rig.client.get("/api/templates?limit=2")).json()
    rest = (await rig.client.get(f"/api/templates?limit=2&cursor={first['next_cursor']}")).json()
    assert [item["template_id"] for item in (*first["items"], *rest["items"])] == ["t0", "t1", "t2"]
    assert "sql" not in first["items"][0]
    listed = (await rig.client.get("/api/engine-connections")).json()
    assert listed == {"items": [{"name": "sample", "engine": "duckdb", "as_of": "2026-11-20"}]}
