"""Single templates and SQL texts: saved or not, they run as flows of one node."""

import json
from typing import Any
from uuid import UUID, uuid5

import pytest

from queryflow.domain.ids import NAMESPACE
from tests.integration.composer.rig import TEMPLATE, Rig, with_templates

SQL = "SELECT name FROM things WHERE amount >= {{least}} AND name IN ({{names}})"
QUERY: dict[str, Any] = {"sql": SQL, "connection": "sample", "parameters": {"least": 3, "names": ["a", "b"]}}
WORKFLOW: dict[str, Any] = {
    "name": "Things of amount",
    "template_id": "top_things",
    "parameters": {"least": 5},
    "connection": "sample",
}


async def row_of(rig: Rig, execution: str) -> dict[str, Any]:
    found = await rig.connection.fetchrow("SELECT * FROM query_flow_executions WHERE id = $1", UUID(execution))
    assert found is not None
    return dict(found)


async def version_of(rig: Rig, execution: str) -> dict[str, Any]:
    document = await rig.connection.fetchval(
        "SELECT document FROM composition_versions JOIN query_flow_executions ON hash = version WHERE id = $1",
        UUID(execution),
    )
    found: dict[str, Any] = json.loads(document)
    return found


def problems_of(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(each["code"], each["path"]) for each in answer.json()["details"]["problems"]]


async def test_a_text_runs_as_a_flow_of_one_node(rig: Rig) -> None:
    answer = await rig.post("/api/queries", QUERY)
    assert answer.status_code == 202, answer.text
    accepted = answer.json()
    key = f"query_{uuid5(NAMESPACE, f'query:duckdb:{SQL}').hex}"
    assert accepted["composition_id"] == key
    assert accepted["state"] == "requested"
    assert accepted["links"]["self"] == f"/api/executions/{accepted['execution_id']}"
    row = await row_of(rig, accepted["execution_id"])
    assert (row["composition_id"], row["composition_key"], row["workflow_id"]) == (None, key, None)
    assert json.loads(row["node_parameters"]) == {"query": {"least": 3, "names": ["a", "b"]}}
    version = await version_of(rig, accepted["execution_id"])
    assert [node["node_id"] for node in version["flow"]["nodes"]] == ["query"]
    assert version["templates"][key]["sql"] == SQL
    kinds = {each["name"]: each["type"] for each in version["templates"][key]["parameters"]}
    assert kinds == {"least": "integer", "names": "string_list"}
    assert len(rig.said("flow_execution.requested")) == 1


async def test_a_window_and_a_day_are_asked_for(rig: Rig) -> None:
    body = {**QUERY, "window": {"range": "last_7_days"}, "logical_date": "2026-11-10"}
    execution = (await rig.post("/api/queries", body)).json()["execution_id"]
    row = await row_of(rig, execution)
    assert row["logical_date"].isoformat() == "2026-11-10"
    assert json.loads(row["window"])["start"] == "2026-11-03T00:00:00Z"


async def test_other_values_of_a_text_are_the_same_version(rig: Rig) -> None:
    first = (await rig.post("/api/queries", QUERY)).json()
    other = (await rig.post("/api/queries", {**QUERY, "parameters": {"least": 4, "names": ["c"]}})).json()
    assert first["version"] == other["version"]
    assert await rig.count("composition_versions") == 1


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("007", "string"),
        (True, "boolean"),
        (2**62, "integer"),
        (1.5, "number"),
        ([1, 2.5], "number_list"),
        ([1, 2], "integer_list"),
        ({"type": "date", "value": "2026-11-22"}, "date"),
        ({"type": "string_list", "value": []}, "string_list"),
    ],
)
async def test_a_value_says_its_type_or_is_told(rig: Rig, value: Any, kind: str) -> None:
    sql = "SELECT {{x}} AS x" if not kind.endswith("list") else "SELECT 1 WHERE 1 IN ({{x}})"
    answer = await rig.post("/api/queries", {"sql": sql, "connection": "sample", "parameters": {"x": value}})
    assert answer.status_code == 202, answer.text
    [template] = (await version_of(rig, answer.json()["execution_id"]))["templates"].values()
    assert [each["type"] for each in template["parameters"]] == [kind]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"parameters": {"least": 3}}, ("UNKNOWN_PLACEHOLDER", "sql")),
        ({"parameters": {"least": 3, "names": ["a"], "mots": 3}}, ("UNUSED_PARAMETER", "parameters.mots")),
        ({"parameters": {"least": 3, "names": []}}, ("UNKNOWN_TYPE", "parameters.names")),
        ({"parameters": {"least": None, "names": ["a"]}}, ("UNKNOWN_TYPE", "parameters.least")),
        (
            {"parameters": {"least": {"type": "integer", "value": "x"}, "names": ["a"]}},
            ("WRONG_TYPE", "parameters.least"),
        ),
        (
            {"parameters": {"least": {"type": "integer", "value": None}, "names": ["a"]}},
            ("MISSING_VALUE", "parameters.least"),
        ),
        ({"connection": "nowhere"}, ("UNKNOWN_CONNECTION", "connection")),
        ({"connection": None}, ("NO_CONNECTION", "connection")),
        ({"dialect": "trino"}, ("WRONG_ENGINE", "connection")),
        ({"window": {"range": "sometimes"}}, ("UNKNOWN_RANGE", "window.range")),
        ({"sql": "DROP TABLE things", "parameters": {}}, ("NOT_A_QUERY", "sql")),
        ({"sql": ""}, ("INVALID_VALUE", "sql")),
        ({"colour": "red"}, ("INVALID_VALUE", "colour")),
    ],
)
async def test_a_wrong_text_is_refused_with_its_place(rig: Rig, change: Any, problem: tuple[str, str]) -> None:
    found = problems_of(await rig.post("/api/queries", {**QUERY, **change}))
    assert found == [problem]
    assert await rig.count("query_flow_executions") == 0


async def test_a_repeated_key_starts_one_query_and_another_body_is_refused(rig: Rig) -> None:
    key = {"Idempotency-Key": "once"}
    answers = [await rig.post("/api/queries", QUERY, **key) for _ in range(2)]
    assert len({answer.json()["execution_id"] for answer in answers}) == 1
    for change in ({"parameters": {"least": 9, "names": ["a"]}}, {"sql": "SELECT 1"}, {"window": {"range": "mtd"}}):
        refused = await rig.post("/api/queries", {**QUERY, **change}, **key)
        assert (refused.status_code, refused.json()["error"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_template_runs_alone_with_its_values(rig: Rig) -> None:
    await with_templates(rig)
    body = {"parameters": {"least": 7}, "connection": "sample"}
    answer = await rig.post("/api/templates/top_things/run", body)
    assert answer.status_code == 202, answer.text
    row = await row_of(rig, answer.json()["execution_id"])
    assert row["composition_key"].startswith("query_")
    assert json.loads(row["node_parameters"]) == {"query": {"least": 7}}
    changed = {**TEMPLATE, "sql": "SELECT name FROM things WHERE amount > {{least}}"}
    await rig.client.put("/api/templates/top_things", json=changed, headers={"If-Match": '"1"'})
    for version, sql in ((1, TEMPLATE["sql"]), (2, changed["sql"]), (None, changed["sql"])):
        ran = await rig.post("/api/templates/top_things/run", {**body, "version": version})
        assert (await version_of(rig, ran.json()["execution_id"]))["templates"]["top_things"]["sql"] == sql


async def test_a_template_is_not_run_without_what_it_needs(rig: Rig) -> None:
    await with_templates(rig)
    run = "/api/templates/things_named/run"
    assert problems_of(await rig.post(run, {"connection": "sample"})) == [("MISSING_VALUE", "parameters.names")]
    assert ("NO_CONNECTION", "connection") in problems_of(await rig.post(run, {"parameters": {"names": ["a"]}}))
    wrong = {"connection": "sample", "parameters": {"names": ["a"], "other": 1}}
    assert problems_of(await rig.post(run, wrong)) == [("UNKNOWN_PARAMETER", "parameters.other")]
    assert (await rig.post("/api/templates/nothing/run", {})).status_code == 404
    missing = await rig.post(run, {**wrong, "version": 9})
    assert (missing.status_code, missing.json()["error"]) == (404, "VERSION_NOT_FOUND")


async def test_a_workflow_is_saved_changed_run_and_removed(rig: Rig) -> None:
    await with_templates(rig)
    saved = await rig.saved("/api/workflows", WORKFLOW)
    assert (saved["template_version"], saved["problems"]) == (1, [])
    address = f"/api/workflows/{saved['id']}"
    read = await rig.client.get(address)
    assert (read.json() | {"problems": []}, read.headers["etag"]) == (saved, '"1"')
    ran = await rig.post(f"{address}/execute", {"parameters": {"least": 9}})
    assert ran.status_code == 202, ran.text
    row = await row_of(rig, ran.json()["execution_id"])
    assert (row["composition_id"], row["workflow_id"]) == (None, UUID(saved["id"]))
    assert row["composition_key"] == f"query_{UUID(saved['id']).hex}"
    assert json.loads(row["node_parameters"]) == {"query": {"least": 9}}
    plain = await rig.post(f"{address}/execute")
    assert json.loads((await row_of(rig, plain.json()["execution_id"]))["node_parameters"]) == {"query": {"least": 5}}
    assert (await rig.client.put(address, json=saved)).status_code == 428
    changed = await rig.client.put(address, json={**saved, "name": "Things"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["name"], changed.headers["etag"]) == (200, "Things", '"2"')
    assert (await rig.client.put(address, json=saved, headers={"If-Match": '"1"'})).status_code == 412
    listed = (await rig.client.get("/api/workflows")).json()
    assert [each["id"] for each in listed["items"]] == [saved["id"]]
    assert (await rig.client.delete(address, headers={"If-Match": '"2"'})).status_code == 204
    assert (await rig.client.get(address)).status_code == 404
    assert (await rig.post(f"{address}/execute")).status_code == 404
    assert await rig.count("query_flow_executions") == 2


async def test_a_saved_text_keeps_the_types_of_its_values(rig: Rig) -> None:
    document = {"name": "By hand", "sql": SQL, "parameters": QUERY["parameters"], "connection": "sample"}
    saved = await rig.saved("/api/workflows", document)
    assert (saved["dialect"], saved["problems"]) == ("duckdb", [])
    address = f"/api/workflows/{saved['id']}/execute"
    assert problems_of(await rig.post(address, {"parameters": {"least": "3"}})) == [("WRONG_TYPE", "parameters.least")]
    ran = await rig.post(address, {"parameters": {"names": []}})
    assert ran.status_code == 202, ran.text


async def test_a_workflow_that_cannot_run_is_saved_with_its_problems(rig: Rig) -> None:
    await with_templates(rig)
    saved = await rig.saved("/api/workflows", {"name": "Open", "template_id": "things_named"})
    assert {(each["code"], each["path"]) for each in saved["problems"]} == {
        ("NO_CONNECTION", "connection"),
        ("MISSING_VALUE", "parameters.names"),
    }
    ran = await rig.post(
        f"/api/workflows/{saved['id']}/execute", {"connection": "sample", "parameters": {"names": ["a"]}}
    )
    assert ran.status_code == 202, ran.text


@pytest.mark.parametrize(
    "document",
    [
        {"name": "Nothing"},
        {"name": "Both", "sql": "SELECT 1", "template_id": "top_things"},
        {"name": "No such", "template_id": "nothing"},
        {"name": "Dialect", "template_id": "top_things", "dialect": "amc"},
        {"name": "", "sql": "SELECT 1"},
        {"name": "More", "sql": "SELECT 1", "colour": "red"},
    ],
)
async def test_what_cannot_be_stored_is_refused(rig: Rig, document: dict[str, Any]) -> None:
    await with_templates(rig)
    assert (await rig.post("/api/workflows", document)).status_code == 422
    assert await rig.count("workflows") == 0
