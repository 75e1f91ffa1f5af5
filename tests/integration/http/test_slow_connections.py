"""A slow client is not waited for, and holds nobody else up."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx2
import pytest
from fastapi import FastAPI

from queryflow.http import guard
from queryflow.http.app import create_app
from queryflow.http.slow_connections import PunctualProtocol
from queryflow.process.settings import ServiceSettings
from queryflow.service.listener import open_listener
from queryflow.service.serving import answer

HEAD_SECONDS = 0.5
BODY_SECONDS = 0.5
CLOSED_WITHIN_SECONDS = 20.0
"""Far more than the limits here, for a machine under load; far less than forever."""
MANY = 200


@pytest.fixture
def gate() -> asyncio.Event:
    """Lets `/health/ready` answer."""
    return asyncio.Event()


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch, gate: asyncio.Event) -> AsyncIterator[int]:
    """A service with limits that a test can wait for."""
    monkeypatch.setattr(PunctualProtocol, "head_seconds", HEAD_SECONDS)
    monkeypatch.setattr(guard, "BODY_SECONDS", BODY_SECONDS)

    async def ready() -> dict[str, bool]:
        return {"itself": await gate.wait()}

    settings = ServiceSettings(database_url="postgresql://unused")
    app: FastAPI = create_app("service", settings, routers=[], readiness=ready)
    listener = open_listener("127.0.0.1", 0)
    serving = asyncio.create_task(answer(app, listener))
    yield listener.getsockname()[1]
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def _until_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """What comes until the other side closes the connection."""
    found = b""
    async with asyncio.timeout(CLOSED_WITHIN_SECONDS):
        with suppress(ConnectionResetError):  # something was sent after the other side had closed
            found = await reader.read()
    writer.close()
    return found


@pytest.mark.parametrize("sent", [b"", b"GET /health/live HTTP/1.1\r\nHost: local", b"GET /health/live HTTP/1.1\r\n"])
async def test_who_does_not_finish_asking_is_closed(port: int, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    assert await _until_closed(reader, writer) == b""


async def test_who_sends_a_byte_now_and_then_is_closed_too_while_others_are_answered(port: int) -> None:
    crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MANY)]
    ended = asyncio.gather(*(_until_closed(*each) for each in crowd))
    began = time.monotonic()

    async def drip() -> None:
        while not ended.done():
            for _, writer in crowd:
                if not writer.is_closing():
                    writer.write(b"G")
            await asyncio.sleep(HEAD_SECONDS / 5)

    dripping = asyncio.create_task(drip())
    async with httpx2.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/health/live")).status_code == 200
    await ended
    await dripping
    assert time.monotonic() - began < CLOSED_WITHIN_SECONDS


async def test_a_second_request_may_not_take_longer_than_the_first(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health")
    assert (await _until_closed(reader, writer)).count(b"HTTP/1.1 200 OK") == 1


async def test_a_body_that_does_not_come_is_not_waited_for(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        b"POST /api/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    )
    writer.write(head)
    found = await _until_closed(reader, writer)
    assert found.startswith(b"HTTP/1.1 408")
    assert b"BODY_TOO_SLOW" in found


async def test_an_answer_may_take_long_and_the_next_request_may_not(port: int, gate: asyncio.Event) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert await _until_closed(*await asyncio.open_connection("127.0.0.1", port)) == b"", "that was long enough"
    gate.set()
    async with asyncio.timeout(CLOSED_WITHIN_SECONDS):
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
    writer.write(b"GET /health")
    assert await _until_closed(reader, writer) == b""
