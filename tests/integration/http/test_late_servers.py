"""A service that starts before its database and its broker waits for them, and says so."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import asyncpg
import httpx2
import pytest

from queryflow_cli.servers.ports import free_port
from tests.support.eventually import eventually
from tests.support.forwarding import forwarding

BEATS = "SELECT ended_at IS NOT NULL FROM service_heartbeats WHERE service = 'scheduler'"


class Late:
    """A scheduler whose servers answer at doors that are not open yet."""

    def __init__(self, database: str, amqp_url: str, prefix: str, folder: Path) -> None:
        self.database, self.broker = urlsplit(database), urlsplit(amqp_url)
        self.doors = {url: free_port() for url in (self.database, self.broker)}
        self.port = free_port()
        self._log = folder / "scheduler.log"
        own = {
            "QUERYFLOW_DATABASE_URL": self._late(self.database),
            "QUERYFLOW_AMQP_URL": self._late(self.broker),
            "QUERYFLOW_AMQP_PREFIX": prefix,
            "QUERYFLOW_PORT": str(self.port),
            "QUERYFLOW_HOME": str(folder),
        }
        with self._log.open("wb") as log:
            command = [sys.executable, "-m", "scheduler"]
            self.process = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)

    def _late(self, url: SplitResult) -> str:
        user, _, _ = url.netloc.rpartition("@")
        return url._replace(netloc=f"{user}@127.0.0.1:{self.doors[url]}").geturl()

    def waits(self) -> list[str]:
        """What it said it waits for."""
        records = [json.loads(line) for line in self._log.read_text().splitlines()]
        assert self.process.poll() is None, records
        return [record["error"] for record in records if record.get("action") == "service.waiting"]

    async def ready(self) -> bool:
        async with httpx2.AsyncClient() as client:
            try:
                return (await client.get(f"http://127.0.0.1:{self.port}/health/ready")).is_success
            except httpx2.TransportError:
                return False

    async def ended(self) -> int:
        return await asyncio.to_thread(self.process.wait, 30)


@pytest.fixture
async def late(database: str, rabbitmq_url: str, amqp_prefix: str, tmp_path: Path) -> AsyncIterator[Late]:
    made = Late(database, rabbitmq_url, amqp_prefix, tmp_path)
    yield made
    made.process.kill()
    await made.ended()


async def test_it_goes_on_when_they_answer_and_signs_off_when_asked_to_stop(late: Late, database: str) -> None:
    async with AsyncExitStack() as doors:
        await eventually(late.waits, within=30)
        assert not any("RabbitMQ" in reason for reason in late.waits())
        url = late.database
        await doors.enter_async_context(forwarding(late.doors[url], url.hostname or "", url.port or 5432))
        await eventually(lambda: any("RabbitMQ" in reason for reason in late.waits()), within=30)
        url = late.broker
        await doors.enter_async_context(forwarding(late.doors[url], url.hostname or "", url.port or 5672))
        await eventually(late.ready, within=30)
        connection = await asyncpg.connect(database)
        assert [row[0] for row in await eventually(lambda: connection.fetch(BEATS))] == [False]
        late.process.send_signal(signal.SIGTERM)
        assert await late.ended() == 0
        assert [row[0] for row in await connection.fetch(BEATS)] == [True]
        await connection.close()


async def test_who_waits_can_be_asked_to_stop(late: Late) -> None:
    await eventually(late.waits, within=30)
    late.process.send_signal(signal.SIGTERM)
    assert await late.ended() == 0
