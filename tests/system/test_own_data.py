"""Own data on both shapes: a folder gets a connection, its tables are told, and single queries run on it."""

from pathlib import Path
from typing import Any

import duckdb

from tests.support.eventually import eventually
from tests.system.conftest import System
from tests.system.test_flows import ended

WITHIN_SECONDS = 60.0


def folder_of(folder: Path, names: list[str]) -> Path:
    """A folder with a table `people` of these names."""
    folder.mkdir()
    rows = ", ".join(f"({number}, '{name}')" for number, name in enumerate(names))
    duckdb.connect().execute(f"COPY (SELECT * FROM (VALUES {rows}) AS t(id, name)) TO '{folder}/people.parquet'")
    return folder


async def connect(system: System, name: str, folder: Path) -> None:
    """An engine connection to the folder, as its row is."""
    await system.connection.execute(
        "INSERT INTO engine_connections (name, engine, settings)"
        " VALUES ($1, 'duckdb', jsonb_build_object('folder', $2::text)) ON CONFLICT (name) DO UPDATE"
        " SET settings = EXCLUDED.settings, catalogue_wanted = engine_connections.catalogue_wanted + 1",
        name,
        str(folder),
    )


async def started(system: System, path: str, body: Any) -> dict[str, Any]:
    answer = await system.http.post(path, json=body)
    assert answer.status_code == 202, answer.text
    execution: dict[str, Any] = await ended(system, answer.json()["execution_id"])
    assert execution["state"] == "succeeded", execution
    return execution


async def rows(system: System, execution: dict[str, Any], node: str = "query") -> list[list[Any]]:
    found = await system.client.results(execution["execution_id"], node)
    assert found is not None
    result: list[list[Any]] = found["rows"]
    return result


async def test_single_queries_run_on_ones_own_folder(system: System, tmp_path: Path) -> None:
    await connect(system, "people_of_one", folder_of(tmp_path / "one", ["ada", "grace"]))
    sql = "SELECT name FROM people WHERE id >= {{least}} AND name IN ({{names}}) ORDER BY id"
    parameters = {"least": 1, "names": ["ada", "grace"]}
    query = {"sql": sql, "connection": "people_of_one", "parameters": parameters}
    ran = await started(system, "/api/queries", query)
    assert await rows(system, ran) == [["grace"]]
    assert (ran["workflow_id"], [node["node_id"] for node in ran["nodes"]]) == (None, ["query"])

    saved = (await system.http.post("/api/workflows", json={"name": "People", **query})).json()
    again = await started(system, f"/api/workflows/{saved['id']}/execute", {"parameters": {"least": 0}})
    assert await rows(system, again) == [["ada"], ["grace"]]
    assert again["workflow_id"] == saved["id"]
    listed = (await system.http.get("/api/executions", params={"workflow_id": saved["id"]})).json()["items"]
    assert [each["execution_id"] for each in listed] == [again["execution_id"]]
    by_key = (await system.http.get("/api/executions", params={"composition_id": ran["composition_id"]})).json()
    assert [each["execution_id"] for each in by_key["items"]] == [ran["execution_id"]]
    kept = await system.connection.fetchval(
        "SELECT workflow_id::text FROM workflow_executions WHERE composition_execution_id = $1::uuid",
        again["execution_id"],
    )
    assert kept == saved["id"]


async def test_a_run_on_another_folder_changes_no_other_run(system: System, tmp_path: Path) -> None:
    await connect(system, "people_of_a", folder_of(tmp_path / "a", ["ada"]))
    await connect(system, "people_of_b", folder_of(tmp_path / "b", ["bob", "barbara"]))
    template = {
        "queryflow": 1,
        "kind": "template",
        "template_id": "everybody",
        "name": "Everybody",
        "dialect": "duckdb",
    }
    await system.client.create_template({**template, "sql": "SELECT name FROM people ORDER BY id"})
    document = {
        "queryflow": 1,
        "kind": "composition",
        "composition_id": "comp_everybody",
        "name": "Everybody",
        "connection": "people_of_a",
        "nodes": {"all": {"template": "everybody"}},
    }
    await system.client.save_composition(document)
    address = "/api/compositions/comp_everybody/execute"
    bodies: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["ada"]),
        ({"connection": "people_of_b"}, ["bob", "barbara"]),
        ({}, ["ada"]),
    ]
    for body, names in bodies:
        ran = await started(system, address, body)
        assert await rows(system, ran, "all") == [[name] for name in names]


async def test_the_tables_of_a_folder_are_told(system: System, tmp_path: Path) -> None:
    await connect(system, "people_told", folder_of(tmp_path / "told", ["ada"]))
    address = "/api/engine-connections/people_told/catalogue"
    assert (await system.http.post(address)).status_code == 202

    async def ready() -> dict[str, Any] | None:
        found: dict[str, Any] = (await system.http.get(address)).json()
        return found if found["state"] == "ready" else None

    found = await eventually(ready, within=WITHIN_SECONDS)
    assert [(each["name"], [column["name"] for column in each["columns"]]) for each in found["tables"]] == [
        ("people", ["id", "name"])
    ]


async def test_what_a_run_told_of_a_template_is_kept_with_it(system: System, tmp_path: Path) -> None:
    await connect(system, "people_learnt", folder_of(tmp_path / "learnt", ["ada"]))
    template = {"queryflow": 1, "kind": "template", "template_id": "learnt", "name": "Learnt", "dialect": "duckdb"}
    await system.client.create_template({**template, "sql": "SELECT * FROM people"})
    assert (await system.client.template("learnt")).get("outputs") is None
    await started(system, "/api/templates/learnt/run", {"connection": "people_learnt"})

    async def known() -> Any:
        return (await system.client.template("learnt")).get("outputs")

    outputs = await eventually(known, within=WITHIN_SECONDS)
    assert {name: each["type"] for name, each in outputs.items()} == {"id": "INTEGER", "name": "VARCHAR"}
