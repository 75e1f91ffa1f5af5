from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from queryflow_cli.origin.gateway import Gateway, Ready
from queryflow_cli.terminal.last_words import last_words

SERVICES = ("composer", "executor", "scheduler", "status")


def saying(word: str) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(word)(scope, receive, send)

    return answer


def ready(*, well: bool) -> Ready:
    async def answer() -> bool:
        return well

    return answer


def gateway(**wells: bool) -> Gateway:
    checks = {name: ready(well=wells.get(name, True)) for name in SERVICES}
    return Gateway({name: saying(name) for name in SERVICES}, checks, {})


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=gateway(status=False))
    async with httpx2.AsyncClient(transport=transport, base_url="http://queryflow") as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        ("GET", "/api/executions", "status"),
        ("GET", "/api/executions/1/nodes/a/results", "status"),
        ("HEAD", "/api/status", "status"),
        ("GET", "/api/operations/dead-letters", "status"),
        ("POST", "/api/executions/1/cancel", "composer"),
        ("GET", "/api/executionsomething", "composer"),
        ("GET", "/api/templates", "composer"),
        ("PATCH", "/api/schedules/1", "composer"),
    ],
)
async def test_each_request_reaches_its_service(
    client: httpx2.AsyncClient, method: str, path: str, service: str
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == 200
    assert method == "HEAD" or answer.text == service


async def test_the_whole_is_ready_when_every_part_is(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"composer": True, "executor": True, "scheduler": True, "status": False}
    assert (await client.get("/health/live")).status_code == 200


async def test_what_is_not_there_is_answered_in_the_shape_of_errors(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/nothing")
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "message", "details"}


def describing(name: str, status: int = 200) -> ASGIApp:
    """A service that describes one route of its own, and says which token it was shown."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        token = dict(scope["headers"])[b"authorization"].decode()
        document = {
            "info": {"title": name},
            "paths": {"/api/shared": {name: {}}, f"/api/{name}": {"get": token}},
            "components": {"schemas": {name: {}}},
        }
        await JSONResponse(document, status)(scope, receive, send)

    return answer


async def described_by(**services: ASGIApp) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=Gateway(services, {}, {}))
    async with httpx2.AsyncClient(transport=transport, base_url="http://queryflow") as client:
        return await client.get("/openapi.json", headers={"Authorization": "Bearer x"})


async def test_the_whole_describes_what_all_services_offer() -> None:
    answer = await described_by(composer=describing("composer"), status=describing("status"))
    assert answer.json() == {
        "info": {"title": "QueryFlow"},
        "paths": {
            "/api/shared": {"composer": {}, "status": {}},
            "/api/composer": {"get": "Bearer x"},
            "/api/status": {"get": "Bearer x"},
        },
        "components": {"schemas": {"composer": {}, "status": {}}},
    }


async def test_the_whole_is_not_described_to_whom_a_service_refuses_it() -> None:
    answer = await described_by(composer=describing("composer"), status=describing("status", 401))
    assert (answer.status_code, answer.json()["info"]) == (401, {"title": "status"})


async def test_the_counters_of_all_processes_that_answer_are_told_apart() -> None:
    counting: dict[str, ASGIApp] = {
        "executor": JSONResponse({"error": "TRY_AGAIN"}, 503),
        "composer": saying('# TYPE beats_total counter\nbeats_total{loop="a b"} 3\n'),
        "status": saying('# TYPE beats_total counter\nbeats_total{loop="a b"} 4\n# TYPE held gauge\nheld 1\n'),
    }
    transport = httpx2.ASGITransport(app=Gateway({}, {}, counting))
    async with httpx2.AsyncClient(transport=transport, base_url="http://queryflow") as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert [line for line in answer.text.splitlines() if not line.startswith("# HELP")] == [
        "# TYPE beats_total counter",
        'beats_total{loop="a b",process="composer"} 3.0',
        'beats_total{loop="a b",process="status"} 4.0',
        "# TYPE held gauge",
        'held{process="status"} 1.0',
    ]


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (
            '{"event": "Started"}\n{"event": "The service ended", "exception": "Traceback\\nBusLost: gone"}',
            "BusLost: gone.",
        ),
        ('{"event": "Stopping"}\n', "Stopping."),
        ("QUERYFLOW_TOKEN: too short\n", "QUERYFLOW_TOKEN: too short."),
        ("[]", "[]."),
        ("", "it said nothing."),
    ],
)
def test_the_last_words_of_a_service_are_its_reason(
    tmp_path_factory: pytest.TempPathFactory, log: str, words: str
) -> None:
    file = tmp_path_factory.mktemp("logs") / "service.log"
    file.write_text(log)
    assert last_words(file) == words
