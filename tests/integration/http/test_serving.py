"""A service as a process of its own, and the order in which it stops."""

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from fastapi import FastAPI

from queryflow.bus.local import LocalBus
from queryflow.service.listener import open_listener
from queryflow.service.serving import answer, run_until
from queryflow_cli.servers.ports import free_port
from tests.support.eventually import eventually

ALONE = """
import sys
from contextlib import asynccontextmanager
from queryflow.http.app import create_app
from queryflow.service.service import Service
from queryflow.process.settings import ServiceSettings
from queryflow.service.starting import run_service

async def ready():
    return {"itself": True}

async def signed_off():
    print("signed off", flush=True)

@asynccontextmanager
async def open_service(settings, bus):
    yield Service("service", create_app("service", settings, routers=[], readiness=ready), [], signed_off)
    print("closed", flush=True)

sys.exit(run_service(ServiceSettings, open_service))
"""


async def _alone(**environment: str) -> "subprocess.Popen[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("QUERYFLOW_")}
    return await asyncio.to_thread(
        subprocess.Popen,
        [sys.executable, "-c", ALONE],
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


async def _outcome(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, errors = await asyncio.to_thread(process.communicate, None, 60)
    return process.returncode, out, errors


async def test_a_service_serves_until_it_is_asked_to_stop(rabbitmq_url: str, amqp_prefix: str) -> None:
    port = free_port()
    process = await _alone(
        QUERYFLOW_DATABASE_URL="postgresql://unused",
        QUERYFLOW_AMQP_URL=rabbitmq_url,
        QUERYFLOW_AMQP_PREFIX=amqp_prefix,
        QUERYFLOW_PORT=str(port),
    )

    async def ready() -> bool:
        assert process.poll() is None
        async with httpx2.AsyncClient() as client:
            try:
                return (await client.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200
            except httpx2.TransportError:
                return False

    await eventually(ready, within=60)
    process.send_signal(signal.SIGTERM)
    code, out, errors = await _outcome(process)
    assert (code, out) == (0, "signed off\nclosed\n")
    records = [json.loads(line) for line in errors.splitlines()]
    assert {"event", "level", "timestamp"} <= set.intersection(*(set(record) for record in records))
    assert [record["action"] for record in records if "action" in record] == ["service.started", "service.stopping"]


async def test_a_service_that_cannot_start_says_why(rabbitmq_url: str) -> None:
    stranger = urlsplit(rabbitmq_url)._replace(netloc=f"guest:secret-word@{rabbitmq_url.rpartition('@')[2].strip('/')}")
    cases = [
        ({}, 2, "QUERYFLOW_DATABASE_URL: Field required"),
        ({"QUERYFLOW_DATABASE_URL": "postgresql://x"}, 2, "QUERYFLOW_AMQP_URL is not set"),
        ({"QUERYFLOW_DATABASE_URL": "postgresql://x", "QUERYFLOW_HOST": "0.0.0.0"}, 2, "set QUERYFLOW_TOKEN"),
        (
            {"QUERYFLOW_DATABASE_URL": "postgresql://x", "QUERYFLOW_AMQP_URL": stranger.geturl()},
            1,
            "does not take the user",
        ),
    ]
    processes = [await _alone(**environment) for environment, _, _ in cases]
    for process, (_, expected, sentence) in zip(processes, cases, strict=True):
        code, _, errors = await _outcome(process)
        assert (code, sentence in errors) == (expected, True), errors
        assert "secret-word" not in errors
        assert "Traceback" not in errors


async def test_the_bus_drains_before_the_loops_end() -> None:
    said: list[str] = []

    class Telling(LocalBus):
        async def stop(self) -> None:
            said.append("bus stopped")
            await super().stop()

    async def loop() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            said.append("loop ended")

    asked = asyncio.Event()
    running = asyncio.create_task(run_until(asked, Telling(), [loop]))
    await asyncio.sleep(0)
    asked.set()
    await running
    assert said == ["bus stopped", "loop ended"]


async def test_what_was_made_to_stay_is_spared_by_the_garbage_collector() -> None:
    asked, spared = asyncio.Event(), 0

    async def loop() -> None:
        nonlocal spared
        await asyncio.sleep(0)
        spared = gc.get_freeze_count()
        asked.set()
        await asyncio.get_running_loop().create_future()

    await run_until(asked, LocalBus(), [loop])
    assert spared > 0
    assert gc.get_freeze_count() == 0


async def test_half_a_service_is_none() -> None:
    bus = LocalBus()

    async def failing() -> None:
        raise ZeroDivisionError

    async def returning() -> None:
        return

    with pytest.raises(ZeroDivisionError):
        await run_until(asyncio.Event(), bus, [failing])
    with pytest.raises(RuntimeError, match="returned"):
        await run_until(asyncio.Event(), LocalBus(), [returning])
    assert not bus.healthy


async def test_who_knocks_at_an_open_door_waits_and_another_cannot_open_it() -> None:
    with open_listener("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            open_listener("127.0.0.1", port)
        async with httpx2.AsyncClient() as client:
            knocking = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/"))
            serving = asyncio.create_task(answer(FastAPI(), listener))
            assert (await knocking).status_code == 404
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    open_listener("127.0.0.1", port).close()
