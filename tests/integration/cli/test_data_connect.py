"""A folder becomes an engine connection of a deployed system, whose home is not at hand."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import asyncpg


async def connect(name: str, folder: Path, database_url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "queryflow_cli", "data", "connect", name, str(folder)]
    environment = {**os.environ, "QUERYFLOW_DATABASE_URL": database_url}
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False
    )


async def test_flows_can_name_the_folder(database: str, tmp_path: Path) -> None:
    for _ in range(2):
        done = await connect("sales", tmp_path, database)
        assert done.returncode == 0, done.stderr
    connection = await asyncpg.connect(database)
    try:
        rows = await connection.fetch("SELECT engine, settings, is_active FROM engine_connections WHERE name = 'sales'")
    finally:
        await connection.close()
    found = [(row["engine"], json.loads(row["settings"]), row["is_active"]) for row in rows]
    assert found == [("duckdb", {"folder": str(tmp_path)}, True)]


async def test_what_cannot_be_done_is_a_sentence(empty_database: str, tmp_path: Path) -> None:
    unprepared = await connect("sales", tmp_path, empty_database)
    assert unprepared.returncode == 2
    assert "Prepare it first: ./queryflow migrate." in unprepared.stderr
    unnamed = await connect("Sales!", tmp_path, empty_database)
    assert unnamed.returncode == 2
    assert "small letters" in unnamed.stderr
    assert not any("Traceback" in each.stderr for each in (unprepared, unnamed))
