"""What status answers over HTTP about the health of the whole, and of itself."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import pytest

from queryflow.domain.ids import CompositionId
from status.operations import usecases as operations
from status.process.status import Status
from tests.integration.status.test_api import HOUR, get
from tests.integration.status.world import World


async def test_the_health_of_the_whole(world: World, client: httpx2.AsyncClient) -> None:
    beat = "INSERT INTO service_heartbeats (service, instance, at) VALUES ($1, $2, now() - $3::interval)"
    await world.pool.execute(beat, "executor", "one", timedelta(0))
    await world.pool.execute(beat, "executor", "two", HOUR)
    await world.pool.execute(beat, "executor", "three", HOUR)
    await world.pool.execute("UPDATE service_heartbeats SET ended_at = now() WHERE instance = 'three'")
    before = await get(client, "/api/status")
    execution = await world.execution(CompositionId(await world.composition()), state="running")
    since = await world.now() - HOUR
    await world.node(execution, "top", "waiting", ready_at=since)
    await world.node(execution, "paths", "ready", ready_at=await world.now())
    await world.node(execution, "long", "running", started_at=since)
    await world.node(execution, "short", "running", started_at=await world.now())
    await world.pool.execute(
        "INSERT INTO execution_summaries (execution_id, state, finished_at) VALUES ($1, 'failed', now()),"
        " ($2, 'failed', now() - interval '2 hours'), ($3, 'succeeded', now())",
        uuid4(),
        uuid4(),
        uuid4(),
    )
    found = await get(client, "/api/status")
    alive = {each["instance"]: each["alive"] for each in found["services"]}
    assert (alive["one"], alive["two"]) == (True, False)
    assert "three" not in alive, "it was asked to stop, and did"
    assert found["running"] == before["running"] + 1
    assert found["failed_last_hour"] == before["failed_last_hour"] + 1
    assert (found["oldest_waiting"]["node_id"], UUID(found["oldest_waiting"]["execution_id"])) == ("top", execution)
    assert (found["oldest_running"]["node_id"], UUID(found["oldest_running"]["execution_id"])) == ("long", execution)
    assert set(found["outboxes"]) == {"composer", "executor", "scheduler"}
    assert set(found["dead_letters"]) == {"composer", "executor", "scheduler", "status"}
    assert found["queues"]["status.progress"] == 0


@pytest.mark.parametrize("broker", ["away", "silent"])
async def test_the_rest_of_the_health_is_told_without_the_broker(
    broker: str, status: Status, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> dict[str, int]:
        if broker == "silent":
            await asyncio.Event().wait()
        raise ConnectionError

    monkeypatch.setattr(operations, "BROKER_SECONDS", 0.01)
    monkeypatch.setattr(status.bus, "queue_depths", away)
    found = await get(client, "/api/status")
    assert found["queues"] is None
    assert set(found["outboxes"]) == {"composer", "executor", "scheduler"}


@pytest.mark.parametrize(("path", "parts"), [("/health/live", {"live"}), ("/health/ready", {"database", "bus"})])
async def test_probes(client: httpx2.AsyncClient, path: str, parts: set[str]) -> None:
    answer = await client.get(path)
    assert set(answer.json()) == parts


async def test_metrics_are_served(client: httpx2.AsyncClient) -> None:
    assert "queryflow_http_requests" in (await client.get("/metrics")).text
