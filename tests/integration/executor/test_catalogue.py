"""What an engine connection has to read is found by an executor, on request, and again when the request was lost."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from executor.engines.duckdb.engine import DuckDBEngine
from executor.repository import catalogues
from queryflow.messages.engine_connection import EngineConnectionCatalogueRequested
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sandbox.settings import SandboxSettings
from tests.integration.executor.rig import Rig, open_rig
from tests.support.eventually import eventually


@pytest.fixture
async def rig(database: str, tmp_path: Path) -> AsyncIterator[Rig]:
    """An executor with DuckDB over a folder of one table and one file that is none."""
    (tmp_path / "data").mkdir()
    things = "SELECT 1 AS id, 'a' AS \"a name\", DATE '2026-11-22' AS day"
    duckdb.connect().execute(f"COPY ({things}) TO '{tmp_path}/data/things.parquet'")
    (tmp_path / "data" / "notes.docx").write_text("no table")
    sandbox = Sandbox(SandboxSettings(tmp_path / "sandbox"))
    await sandbox.start()
    async with open_rig(database, tmp_path, sandbox=sandbox, more=[DuckDBEngine(sandbox)], sweep_seconds=0.2) as opened:
        yield opened
    await sandbox.stop()


async def connect(rig: Rig, folder: Path, age: str = "0 seconds") -> None:
    await rig.owner.execute(
        "INSERT INTO engine_connections (name, engine, settings, updated_at)"
        " VALUES ('folder', 'duckdb', jsonb_build_object('folder', $1::text), now() - $2::text::interval)",
        str(folder),
        age,
    )


async def kept(rig: Rig, wanted: int) -> dict[str, Any] | None:
    document = await rig.owner.fetchval(
        "SELECT document FROM connection_catalogues WHERE connection = 'folder' AND wanted >= $1", wanted
    )
    found: dict[str, Any] | None = None if document is None else json.loads(document)
    return found


async def say(rig: Rig, wanted: int) -> None:
    await rig.send(EngineConnectionCatalogueRequested(connection="folder", wanted=wanted, at=datetime.now(UTC)))


async def test_tables_columns_and_types_are_told_on_request(rig: Rig, tmp_path: Path) -> None:
    await connect(rig, tmp_path / "data", age="-1 hour")  # too young for the sweeper
    await say(rig, 1)
    found = await eventually(lambda: kept(rig, 1))
    [table] = found["tables"]
    assert (table["name"], table["rows"]) == ("things", 1)
    assert [(each["name"], each["type"]) for each in table["columns"]] == [
        ("id", "INTEGER"),
        ("a name", "VARCHAR"),
        ("day", "DATE"),
    ]
    assert [each["file"] for each in found["refused"]] == ["notes.docx"]
    duckdb.connect().execute(f"COPY (SELECT 1 AS n) TO '{tmp_path}/data/more.parquet'")
    await rig.owner.execute("UPDATE engine_connections SET catalogue_wanted = 2 WHERE name = 'folder'")
    await say(rig, 2)
    again = await eventually(lambda: kept(rig, 2))
    assert [each["name"] for each in again["tables"]] == ["more", "things"]


async def test_a_request_whose_message_was_lost_is_answered_by_the_sweeper(rig: Rig, tmp_path: Path) -> None:
    await connect(rig, tmp_path / "data", age="1 hour")
    assert [each["name"] for each in (await eventually(lambda: kept(rig, 1)))["tables"]] == ["things"]


async def test_a_table_that_cannot_be_read_says_why_and_spoils_no_other(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "data" / "broken.parquet").write_bytes(b"no parquet at all")
    await connect(rig, tmp_path / "data")
    await say(rig, 1)
    found = {each["name"]: each for each in (await eventually(lambda: kept(rig, 1)))["tables"]}
    assert found["things"]["error"] is None
    assert found["broken"]["error"]
    assert str(tmp_path) not in found["broken"]["error"]


async def test_a_folder_that_is_gone_is_told_without_its_place(rig: Rig, tmp_path: Path) -> None:
    await connect(rig, tmp_path / "nowhere")
    await say(rig, 1)
    found = await eventually(lambda: kept(rig, 1))
    assert found["error"] == "The folder cannot be read: No such file or directory."


async def test_an_older_answer_never_takes_the_place_of_a_newer_one(rig: Rig) -> None:
    async with rig.executor.transactions.pool.acquire() as connection:
        await catalogues.write(connection, "folder", 3, {"tables": [{"name": "newer"}]})
        await catalogues.write(connection, "folder", 2, {"tables": [{"name": "older"}]})
    found = await kept(rig, 3)
    assert found is not None
    assert found["tables"] == [{"name": "newer"}]


async def test_names_that_cannot_be_stored_spoil_only_their_own_tables(rig: Rig, tmp_path: Path) -> None:
    data = tmp_path / "data"
    named = r"""'{"a\u0000b": 1}', '{"a\u0000b": "INTEGER"}'"""
    duckdb.connect().execute(f"COPY (SELECT unnest(json_transform({named}))) TO '{data}/strange.parquet'")
    (data / "odd.csv").write_bytes(b"a,b\0\n1,2\n")
    (data / "parts" / "day=a%00b").mkdir(parents=True)
    (data / "parts" / "day=a%00b" / "x.csv").write_text("id\n1\n")
    await connect(rig, data)
    await say(rig, 1)
    document = await eventually(lambda: kept(rig, 1))
    problems = {each["name"]: each["error"] for each in document["tables"]}
    assert problems["things"] is None
    assert [name for name, problem in problems.items() if problem and "NUL" in problem] == ["odd", "strange"]
    assert "parts" in {each["file"] for each in document["refused"]}
