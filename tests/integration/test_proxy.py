"""What the one origin passes on to a service in another process, and back."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from queryflow.service.listener import open_listener
from queryflow.service.serving import answer
from queryflow_cli.origin.proxy import Proxy, proxy_of
from queryflow_cli.servers.ports import free_port
from tests.support.eventually import eventually


async def echo(request: Request) -> Response:
    body = await request.body()
    headers = {"x-answer": "kept", "set-cookie": "a=1"}
    seen = {name: request.headers.get(name) for name in ("host", "x-asked", "connection", "content-length")}
    told = {"method": request.method, "query": request.url.query, "path": request.scope["raw_path"].decode()}
    return JSONResponse({**seen, **told, "body": body.decode()}, status_code=207, headers=headers)


async def stream(_: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        await asyncio.sleep(0)
        yield b"two"

    return StreamingResponse(pieces(), media_type="text/event-stream")


async def ready(_: Request) -> Response:
    return JSONResponse({})


SERVICE = Starlette(
    routes=[
        Route("/echo/{rest:path}", echo, methods=["GET", "POST", "PUT", "DELETE"]),
        Route("/stream", stream),
        Route("/health/ready", ready),
    ]
)


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    port = free_port()
    serving = asyncio.create_task(answer(SERVICE, open_listener("127.0.0.1", port)))
    async with proxy_of(port) as made:
        await eventually(made.ready)
        yield made
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


def client_of(proxy: Proxy) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=proxy), base_url="http://localhost:8700")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_a_request_arrives_as_it_was_sent(proxy: Proxy, method: str) -> None:
    body = "" if method == "GET" else "{}"
    async with client_of(proxy) as client:
        answer = await client.request(
            method, "/echo/a%20b?x=1&y=%C3%A4", content=body, headers={"x-asked": "so", "connection": "close"}
        )
    assert answer.status_code == 207
    assert (answer.headers["x-answer"], answer.headers["set-cookie"]) == ("kept", "a=1")
    seen = answer.json()
    assert (seen["method"], seen["query"], seen["path"]) == (method, "x=1&y=%C3%A4", "/echo/a%20b")
    assert (seen["host"], seen["x-asked"], seen["body"]) == ("localhost:8700", "so", body)
    assert seen["connection"] != "close", "how the caller is connected is no business of the service"


async def test_an_answer_of_unknown_length_passes(proxy: Proxy) -> None:
    async with client_of(proxy) as client:
        answer = await client.get("/stream")
    assert (answer.status_code, answer.text) == (200, "one two")
    assert answer.headers["content-type"].startswith("text/event-stream")


async def test_many_at_once_are_answered_each_with_its_own(proxy: Proxy) -> None:
    async with client_of(proxy) as client:
        for _ in range(3):
            answers = await asyncio.gather(*(client.post("/echo/a", content=f'"{number}"') for number in range(40)))
            assert [answer.json()["body"] for answer in answers] == [f'"{number}"' for number in range(40)]


async def test_a_kept_connection_whose_other_end_is_gone_is_not_used() -> None:
    port = free_port()
    async with proxy_of(port) as proxy, client_of(proxy) as client:
        for _ in range(2):
            serving = asyncio.create_task(answer(SERVICE, open_listener("127.0.0.1", port)))
            await eventually(proxy.ready)
            assert (await client.post("/echo/a", content="{}")).status_code == 207
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


async def test_a_body_that_no_service_takes_is_refused_while_it_arrives(proxy: Proxy) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1_000):
            sent += 1
            yield b"x" * 100_000

    async with client_of(proxy) as client:
        answer = await client.post("/echo/a", content=endless())
    assert (answer.status_code, answer.json()["error"]) == (413, "BODY_TOO_LARGE")
    assert sent < 30


async def test_a_body_that_breaks_off_is_not_passed_on(proxy: Proxy) -> None:
    """What came of it could mean something else than the whole."""
    coming: Iterator[Message] = iter(
        [{"type": "http.request", "body": b"half", "more_body": True}, {"type": "http.disconnect"}]
    )
    said: list[Message] = []

    async def receive() -> Message:
        return next(coming)

    async def send(message: Message) -> None:
        said.append(message)

    scope = {"type": "http", "method": "POST", "path": "/echo/a", "raw_path": b"/echo/a", "query_string": b""}
    await proxy({**scope, "headers": []}, receive, send)
    assert said[0]["status"] == 400
    assert json.loads(said[1]["body"])["error"] == "BODY_BROKEN_OFF"


async def test_nobody_there_is_said_in_the_shape_of_errors() -> None:
    absent = Proxy(free_port())
    async with client_of(absent) as client:
        answer = await client.get("/echo/a")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["error"] == "TRY_AGAIN"
    assert not await absent.ready()
