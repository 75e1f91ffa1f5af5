"""A flow on DuckDB in the sandbox: what one query found becomes parameters of the next, stored and read as Parquet."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from executor.engines.duckdb.engine import DuckDBEngine
from executor.engines.port import Produced, Work
from queryflow.domain.flow.flow import Flow
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.version import EngineConnection, Version
from queryflow.domain.ids import ParameterName
from queryflow.domain.values.parameters import Parameter, ParameterType
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sandbox.settings import SandboxSettings
from queryflow.sql.writing.lists import RegisteredList
from tests.integration.executor.oracle import is_sound
from tests.integration.executor.rig import NOTHING, SCRIPTED_KIND, Rig, open_rig
from tests.support.eventually import eventually

FIND = Template(
    template_id="find",
    name="find",
    dialect=Dialect.DUCKDB,
    sql="SELECT id, name FROM things WHERE id <= {{most}}",
    parameters=(Parameter(name="most", type=ParameterType.INTEGER),),
)
COUNT = Template(
    template_id="tally",
    name="tally",
    dialect=Dialect.DUCKDB,
    sql="SELECT count(*) AS found, min(name) AS first FROM things WHERE list_contains({{names}}, name)",
    parameters=(Parameter(name="names", type=ParameterType.STRING_LIST),),
)


@pytest.fixture
async def rig(database: str, tmp_path: Path) -> AsyncIterator[Rig]:
    """An executor with DuckDB over a folder with one table of 5,000 rows."""
    (tmp_path / "data").mkdir()
    things = "SELECT i AS id, lpad(i::VARCHAR, 6, '0') AS name FROM range(1, 5001) AS t(i)"
    duckdb.connect().execute(f"COPY ({things}) TO '{tmp_path}/data/things.parquet'")
    sandbox = Sandbox(SandboxSettings(tmp_path / "sandbox"))
    await sandbox.start()
    async with open_rig(database, tmp_path, sandbox=sandbox, more=[DuckDBEngine(sandbox)]) as opened:
        await opened.owner.execute(
            "INSERT INTO engine_connections (name, engine, settings)"
            " VALUES ('folder', 'duckdb', jsonb_build_object('folder', $1::text))",
            str(tmp_path / "data"),
        )
        yield opened
    await sandbox.stop()


def version(most: Any, binding: dict[str, Any]) -> Version:
    document = {
        "composition_id": "comp_test",
        "name": "find and tally",
        "connection": "folder",
        "nodes": [
            {"node_id": "find", "template": "find", "parameters": {"most": most}},
            {"node_id": "tally", "template": "tally"},
        ],
        "connections": [
            {"id": "names", "from": "find", "to": "tally", "map": {"names": {"column": "name", **binding}}}
        ],
    }
    return Version(
        flow=Flow.model_validate(document),
        templates={FIND.template_id: FIND, COUNT.template_id: COUNT},
        connections={"folder": EngineConnection(name="folder", engine="duckdb")},
    )


async def result(rig: Rig, execution_id: Any, node: str) -> list[tuple[Any, ...]]:
    row = await rig.row(execution_id, node)
    file = await rig.executor.equipment.objects.fetch(row["result_s3_path"], Path("/nonexistent"))
    return duckdb.connect().execute("FROM read_parquet(?)", [str(file)]).fetchall()


@pytest.mark.parametrize(("most", "kept"), [(3, ["000001", "000002", "000003"]), (4000, None)])
async def test_a_column_becomes_a_list_of_the_next_query(rig: Rig, most: int, kept: list[str] | None) -> None:
    execution = await rig.request(version(most, {}))
    assert await rig.ended(execution) == "succeeded"
    assert await result(rig, execution, "tally") == [(most, "000001")]
    parameters = await rig.parameters(execution, "tally")
    if kept is None:
        assert parameters["names"]["count"] == most
        assert len(parameters["names"]["first"]) == 20
    else:
        assert parameters["names"] == kept
    await eventually(lambda: is_sound(rig, execution))
    assert not list((rig.executor.attempts).iterdir())


@pytest.mark.parametrize(("written", "items", "files"), [(2, 3, ["names"]), (4000, 3000, [])])
async def test_an_engine_says_which_lists_it_gets_as_files(
    rig: Rig, written: int, items: int, files: list[str]
) -> None:
    given: list[tuple[bool, list[str]]] = []

    async def keep(work: Work) -> Produced:
        given.append((isinstance(work.values[ParameterName("names")], RegisteredList), list(work.lists)))
        return NOTHING

    rig.scripted.kind = replace(SCRIPTED_KIND, written_items=written)
    rig.scripted.behaviours["tally"] = keep
    folder = version(items, {})
    find, tally = folder.flow.nodes
    nodes = (find, tally.model_copy(update={"connection": "far"}))
    connections = {**folder.connections, "far": EngineConnection(name="scripted_machine", engine="scripted")}
    flow = folder.flow.model_copy(update={"nodes": nodes})
    execution = await rig.request(folder.model_copy(update={"flow": flow, "connections": connections}))
    assert await rig.ended(execution) == "succeeded"
    assert given == [(bool(files), files)]
    assert (await rig.parameters(execution, "tally"))["names"]["count"] == items


@pytest.mark.parametrize(
    ("on_empty", "state", "ended"),
    [("skip", "skipped", "succeeded"), ("fail", "failed", "failed"), ("match_nothing", "succeeded", "succeeded")],
)
async def test_an_empty_parent_does_what_the_binding_says(rig: Rig, on_empty: str, state: str, ended: str) -> None:
    execution = await rig.request(version(0, {"on_empty": on_empty}))
    assert await rig.ended(execution) == ended
    assert (await rig.nodes(execution))["tally"] == state
    if state == "succeeded":
        assert await result(rig, execution, "tally") == [(0, None)]


async def test_a_refused_query_fails_with_the_engines_own_sentence(rig: Rig) -> None:
    wrong = version(3, {"column": "id"})
    execution = await rig.request(wrong)
    await rig.ended(execution)
    bad = wrong.model_copy(
        update={"templates": {**wrong.templates, "find": FIND.model_copy(update={"sql": "SELECT nothing"})}}
    )
    execution = await rig.request(bad)
    assert await rig.ended(execution) == "failed"
    row = await rig.row(execution, "find")
    assert row["error_kind"] == "VALIDATION"
    assert "nothing" in row["error_message"]
