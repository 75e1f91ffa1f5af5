"""The guard, the shapes of errors, health and metrics of an app, asked over HTTP."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import asyncpg
import httpx2
import pytest
from fastapi import APIRouter, Depends
from pydantic import BaseModel

from queryflow.domain.errors import (
    Conflict,
    Fix,
    Invalid,
    NotAllowed,
    NotFound,
    PreconditionRequired,
    Problem,
    Stale,
    TryAgain,
)
from queryflow.http.app import create_app
from queryflow.process.settings import ServiceSettings

TOKEN = "t" * 40
PROBLEM = Problem("UNKNOWN_NODE", "nodes.a", "There is no node a.", fixes=(Fix("Remove it", {"nodes": {"a": None}}),))
RAISED: dict[str, Callable[[], Exception]] = {
    "not-found": lambda: NotFound("No such thing."),
    "not-allowed": lambda: NotAllowed("Not yours."),
    "conflict": lambda: Conflict("Not now.", code="NOT_PUBLISHED", details={"composition_id": "comp_a"}),
    "stale": lambda: Stale("Changed since."),
    "precondition": lambda: PreconditionRequired("Send If-Match."),
    "invalid": lambda: Invalid("Wrong.", [PROBLEM]),
    "away": lambda: TryAgain("busy"),
    "database-away": asyncpg.CannotConnectNowError,
    "bug": lambda: ZeroDivisionError("secret-word"),
}


class BindingRequest(BaseModel):
    number: int


async def _size(size: int = 1) -> int:
    return size


def _router() -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/raise/{kind}")
    async def raise_(kind: str) -> None:
        raise RAISED[kind]()

    @router.post("/body")
    async def body(body: BindingRequest) -> BindingRequest:
        return body

    @router.post("/nothing")
    async def nothing() -> dict[str, bool]:
        return {"done": True}

    @router.post("/plain")
    async def plainly() -> None: ...

    @router.get("/plain")
    async def plain(size: Annotated[int, Depends(_size)], page: int = 1) -> dict[str, int]:
        return {"page": page, "size": size}

    return router


READY = {"database": True, "bus": True}


async def _readiness() -> dict[str, bool]:
    return READY


def _client(**settings: Any) -> httpx2.AsyncClient:
    made = ServiceSettings(database_url="postgresql://unused", **settings)
    app = create_app("composer", made, routers=[_router()], readiness=_readiness)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1:8701")


@pytest.fixture
async def local() -> AsyncIterator[httpx2.AsyncClient]:
    async with _client() as client:
        yield client


@pytest.fixture
async def public() -> AsyncIterator[httpx2.AsyncClient]:
    async with _client(host="0.0.0.0", token=TOKEN) as client:
        yield client


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("not-found", 404, "NOT_FOUND"),
        ("not-allowed", 403, "NOT_ALLOWED"),
        ("conflict", 409, "NOT_PUBLISHED"),
        ("stale", 412, "STALE"),
        ("precondition", 428, "PRECONDITION_REQUIRED"),
        ("invalid", 422, "INVALID"),
        ("away", 503, "TRY_AGAIN"),
        ("database-away", 503, "TRY_AGAIN"),
        ("bug", 500, "INTERNAL"),
    ],
)
async def test_every_error_has_one_shape(local: httpx2.AsyncClient, kind: str, status: int, code: str) -> None:
    answer = await local.get(f"/api/raise/{kind}")
    body = answer.json()
    assert (answer.status_code, body["error"], set(body)) == (status, code, {"error", "message", "details"})
    assert "secret-word" not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_details_and_problems_are_told(local: httpx2.AsyncClient) -> None:
    assert (await local.get("/api/raise/conflict")).json()["details"] == {"composition_id": "comp_a"}
    assert (await local.get("/api/raise/invalid")).json()["details"]["problems"] == [
        {
            "code": "UNKNOWN_NODE",
            "path": "nodes.a",
            "message": "There is no node a.",
            "severity": "error",
            "fixes": [{"title": "Remove it", "patch": {"nodes": {"a": None}}}],
            "line": None,
            "column": None,
        }
    ]


async def test_a_wrong_form_lists_its_problems(local: httpx2.AsyncClient) -> None:
    body = (await local.post("/api/body", json={"number": "secret-word"})).json()
    assert (body["error"], body["details"]["problems"][0]["path"]) == ("INVALID", "number")
    assert "secret-word" not in json.dumps(body)
    query = await local.get("/api/plain", params={"page": "x"})
    assert (query.status_code, query.json()["details"]["problems"][0]["path"]) == (422, "query.page")


async def test_unknown_routes_and_methods_have_the_shape_too(local: httpx2.AsyncClient) -> None:
    assert (await local.get("/nowhere")).json()["error"] == "NOT_FOUND"
    refused = await local.delete("/api/plain")
    assert (refused.json()["error"], refused.headers["allow"]) == ("METHOD_NOT_ALLOWED", "GET, POST")


async def test_an_unknown_query_parameter_is_named_and_so_are_those_there_are(local: httpx2.AsyncClient) -> None:
    assert (await local.get("/api/plain?page=2&size=3")).json() == {"page": 2, "size": 3}
    refused = await local.get("/api/plain?limt=5&page=2&PAGE=2&limt=6")
    assert (refused.status_code, refused.json()["error"]) == (422, "INVALID")
    assert [(each["code"], each["path"], each["message"]) for each in refused.json()["details"]["problems"]] == [
        ("UNKNOWN_PARAMETER", f"query.{name}", f"There is no query parameter {name} here; there are: page, size.")
        for name in ("limt", "PAGE")
    ]
    nothing = (await local.post("/api/nothing?dry_run=1")).json()["details"]["problems"][0]["message"]
    assert nothing == "There is no query parameter dry_run here; there are none."


@pytest.mark.parametrize("path", ["/api/plain/", "/api/plain//", "/health/live/"])
async def test_an_address_is_written_in_one_way(local: httpx2.AsyncClient, path: str) -> None:
    answer = await local.get(path)
    assert (answer.status_code, answer.json()["error"]) == (404, "NOT_FOUND")


async def test_what_can_be_read_can_be_asked_for_by_its_head(local: httpx2.AsyncClient) -> None:
    head, get = await local.head("/api/plain"), await local.get("/api/plain")
    assert (head.status_code, head.headers) == (200, get.headers)
    assert (await local.head("/api/nothing")).status_code == 405


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b'{"number": 1}', "application/json", 200, None),
        (b'{"number": 1}', "application/json; charset=utf-8", 200, None),
        (b"number: 1", "application/yaml", 422, "INVALID"),
        (b'{"number": 1}', "text/plain", 415, "WRONG_CONTENT_TYPE"),
        (b"number=1", "application/x-www-form-urlencoded", 415, "WRONG_CONTENT_TYPE"),
        (b'{"number": 1}', "", 415, "WRONG_CONTENT_TYPE"),
        (b'{"number": NaN}', "application/json", 400, "INVALID_JSON"),
        (b"[" * 65 + b"]" * 65, "application/json", 400, "JSON_TOO_DEEP"),
        (b'{"number": 1, "note": "\\u0000"}', "application/json", 400, "INVALID_TEXT"),
        (b'"' + b"x" * (2 * 1024 * 1024) + b'"', "application/json", 413, "BODY_TOO_LARGE"),
    ],
)
async def test_which_bodies_are_taken(
    local: httpx2.AsyncClient, content: bytes, kind: str, status: int, code: str | None
) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = await local.post("/api/body", content=content, headers=headers)
    assert (answer.status_code, answer.json().get("error")) == (status, code)


async def test_a_long_body_is_refused_while_it_arrives(local: httpx2.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    answer = await local.post("/api/body", content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


async def test_a_request_without_a_body_needs_no_content_type(local: httpx2.AsyncClient) -> None:
    assert (await local.post("/api/nothing")).status_code == 200


async def test_addresses_with_nul_are_refused(local: httpx2.AsyncClient) -> None:
    assert (await local.get("/api/plain?page=%00")).json()["error"] == "INVALID_TEXT"
    assert (await local.get("/api/raise/%00")).json()["error"] == "INVALID_TEXT"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8701", "localhost:9", "[::1]:8701", "LOCALHOST"])
async def test_local_names_lead_here(local: httpx2.AsyncClient, host: str) -> None:
    assert (await local.get("/api/plain", headers={"host": host})).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.", "", "[::1", "x@127.0.0.1@y"])
async def test_other_names_do_not(local: httpx2.AsyncClient, host: str) -> None:
    answer = await local.get("/api/plain", headers={"host": host})
    assert (answer.status_code, answer.json()["error"]) == (403, "HOST_NOT_ALLOWED")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1.evil.example"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://localhost:3000"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    ],
)
async def test_other_pages_do_not_speak_for_the_person(local: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    answer = await local.post("/api/nothing", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "ORIGIN_NOT_ALLOWED")


async def test_our_own_page_and_followed_links_pass(local: httpx2.AsyncClient) -> None:
    own = {"origin": "http://localhost:8700", "sec-fetch-site": "same-origin"}
    assert (await local.post("/api/nothing", headers=own)).status_code == 200
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert (await local.get("/api/plain", headers=link)).status_code == 200


@pytest.mark.parametrize("given", [None, "", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}é"])
async def test_beyond_loopback_the_token_is_demanded(public: httpx2.AsyncClient, given: str | None) -> None:
    headers = {b"authorization": given.encode()} if given is not None else {}
    for path in ("/api/plain", "/api/plain?limt=5", "/metrics", "/openapi.json"):
        answer = await public.get(path, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "TOKEN_REQUIRED")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_with_the_token_everything_opens(public: httpx2.AsyncClient) -> None:
    headers = {"authorization": f"bearer {TOKEN}", "host": "queryflow.example"}
    assert (await public.get("/api/plain", headers=headers)).status_code == 200
    assert (await public.get("/metrics", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/plain/health/live", "/health/live/../../api/plain", "/api/plain?x=/health/live"]
)
async def test_no_path_talks_its_way_around_the_token(public: httpx2.AsyncClient, path: str) -> None:
    assert (await public.get(path)).status_code in {401, 404}


async def test_health_is_open_and_honest(public: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await public.get("/health/live")).status_code == 200
    assert (await public.get("/health/ready")).status_code == 200
    monkeypatch.setitem(READY, "bus", False)
    answer = await public.get("/health/ready")
    assert (answer.status_code, answer.json()) == (503, {"database": True, "bus": False})
    assert (await public.get("/health/live")).status_code == 200


async def test_requests_are_counted_by_route(local: httpx2.AsyncClient) -> None:
    await local.get("/api/raise/not-found")
    metrics = (await local.get("/metrics")).text
    assert (
        'queryflow_http_requests_total{method="GET",route="/api/raise/{kind}",service="composer",status="404"}'
        in metrics
    )


async def test_the_document_names_the_error_shape(local: httpx2.AsyncClient) -> None:
    document = (await local.get("/openapi.json")).json()
    assert "ErrorBody" in document["components"]["schemas"]
    assert "/health/live" not in document["paths"]
