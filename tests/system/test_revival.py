"""`up` on RabbitMQ looks after its services."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from queryflow_cli.servers.ports import free_port
from queryflow_cli.servers.rabbitmq import delete_everything
from queryflow_cli.system.home import LOCK
from tests.support.deployment import FAST
from tests.support.eventually import eventually
from tests.support.postgres import create_database, drop_database
from tests.system.conftest import Ground

EXECUTORS = (
    "SELECT instance FROM service_heartbeats WHERE service = 'executor' AND ended_at IS NULL ORDER BY started_at"
)
STARTED_WITHIN_SECONDS = 100.0


class Up:
    """`up` with its services in processes of their own."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        port = str(free_port())
        self.url = f"http://127.0.0.1:{port}"
        self._errors = home.parent / "up.errors"
        command = [
            sys.executable,
            "-m",
            "queryflow_cli",
            "up",
            "--home",
            str(home),
            "--port",
            self.url.rpartition(":")[2],
        ]
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(command, env={**os.environ, **FAST, **environment}, stderr=errors)

    def said(self) -> str:
        """What it said on standard error."""
        return self._errors.read_text()

    async def checks(self) -> dict[str, bool]:
        """What `/health/ready` says; nothing while nobody answers."""
        assert self.process.poll() is None, self.said()
        async with httpx2.AsyncClient() as client:
            try:
                found: dict[str, bool] = (await client.get(f"{self.url}/health/ready")).json()["checks"]
            except httpx2.TransportError:
                return {}
        return found

    async def ready(self) -> bool:
        checks = await self.checks()
        return bool(checks) and all(checks.values())


@pytest.fixture
async def up(ground: Ground, rabbitmq_url: str) -> AsyncIterator[tuple[Up, asyncpg.Connection]]:
    url = await create_database(ground.server, template=ground.template)
    prefix = f"system-{uuid4().hex[:12]}."
    home = ground.home() / "home"
    (home / "samples").mkdir(parents=True)
    (home / "samples" / "amc").symlink_to(ground.folders["sample"])
    (home / LOCK).touch()
    environment = {
        "QUERYFLOW_DATABASE_URL": url,
        "QUERYFLOW_AMQP_URL": rabbitmq_url,
        "QUERYFLOW_AMQP_PREFIX": prefix,
    }
    started, connection = Up(home, environment), await asyncpg.connect(url)
    try:
        yield started, connection
    finally:
        await connection.close()
        started.process.terminate()
        started.process.wait(60)
        await delete_everything(rabbitmq_url, prefix)
        await drop_database(ground.server, url)


async def test_a_service_that_dies_is_started_again_and_seen_to_have_died(up: tuple[Up, asyncpg.Connection]) -> None:
    running, connection = up
    seeded = []

    async def ready() -> bool:
        checks = await running.checks()
        seeded.append(checks.get("seeded"))
        return bool(checks) and all(checks.values())

    await eventually(ready, within=STARTED_WITHIN_SECONDS)
    assert False in seeded, "it answered before it was seeded"
    (first,) = [row["instance"] for row in await connection.fetch(EXECUTORS)]
    os.kill(int(first.split("-")[-2]), signal.SIGKILL)
    await eventually(lambda: "The executor was started again." in running.said(), within=30)
    assert "The executor ended: " in running.said()

    async def beat() -> list[str]:
        found = [row["instance"] for row in await connection.fetch(EXECUTORS)]
        assert len(found) == 2
        return found

    assert first in await eventually(beat, within=60), "who crashed did not sign off"
    await eventually(running.ready, within=60)
    running.process.send_signal(signal.SIGINT)
    await eventually(lambda: running.process.poll() is not None, within=60)
    assert [row["instance"] for row in await connection.fetch(EXECUTORS)] == [first]
