"""The embedded database lives as long as the system, whatever becomes of its processes."""

import os
import signal
from pathlib import Path

import asyncpg
import pytest

from queryflow_cli.system.system import database
from tests.support.eventually import eventually


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=2)
    except (OSError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True


async def test_a_database_that_was_killed_comes_back_at_the_same_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QUERYFLOW_DATABASE_URL", raising=False)
    async with database(tmp_path) as url:
        pid_file = tmp_path / "postgres" / "data" / "postmaster.pid"
        killed = int(pid_file.read_text().splitlines()[0])
        os.kill(killed, signal.SIGKILL)
        await eventually(lambda: not Path(f"/proc/{killed}").exists())
        assert await eventually(lambda: _answers(url), within=30)
        assert int(pid_file.read_text().splitlines()[0]) != killed
