"""The HTTP API as the command line uses it."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx2

from queryflow.domain.errors import Problem, Refused, Severity, TryAgain
from queryflow.domain.states import ExecutionState

Document = dict[str, Any]
YAML = "application/yaml"
PAGE = 1000
"""How many rows of a result one answer may hold."""


class RefusedByServer(Refused):
    """The server refused a request, with the problems it found."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body.get("message", f"HTTP {status}")), code=str(body.get("error", status)))
        self.status = status
        details = body.get("details") or {}
        self.problems = tuple(problem_of(each) for each in details.get("problems", ()))


class Client:
    """One connection to a running system; every method raises RefusedByServer, or TryAgain when nobody answers."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def template_ids(self) -> set[str]:
        """The ids of all templates."""
        return {str(each["template_id"]) async for each in self._pages("/api/templates")}

    async def composition_ids(self) -> set[str]:
        """The ids of all compositions in use."""
        return {str(each["composition_id"]) async for each in self._pages("/api/compositions")}

    async def create_template(self, document: Document) -> None:
        """Save a new template."""
        await self._ask("POST", "/api/templates", json=document)

    async def template(self, template_id: str) -> Document:
        """A template's newest version."""
        return _document(await self._ask("GET", f"/api/templates/{_segment(template_id)}"))

    async def save_composition(self, document: Document) -> Document:
        """Write the head of a composition, new or not; answers with the problems it has."""
        path = f"/api/compositions/{document['composition_id']}"
        try:
            present = await self._ask("GET", path)
        except RefusedByServer as refused:
            if refused.status != httpx2.codes.NOT_FOUND:
                raise
            return _document(await self._ask("POST", "/api/compositions", json=document))
        headers = {"If-Match": present.headers["etag"]}
        return _document(await self._ask("PUT", path, json=document, headers=headers))

    async def composition(self, composition_id: str) -> Document:
        """The head of a composition as a flow document."""
        return _document(await self._ask("GET", f"/api/compositions/{_segment(composition_id)}"))

    async def composition_file(self, composition_id: str) -> str:
        """A composition as a flow file."""
        answer = await self._ask("GET", f"/api/compositions/{_segment(composition_id)}", headers={"Accept": YAML})
        return answer.text

    async def execute(self, composition_id: str, wish: Document, idempotency_key: str | None = None) -> str:
        """Start an execution; answers with its id."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        answer = await self._ask(
            "POST", f"/api/compositions/{_segment(composition_id)}/execute", json=wish, headers=headers
        )
        return str(answer.json()["execution_id"])

    async def cancel(self, execution_id: str) -> None:
        """Ask an execution to end."""
        await self._ask("POST", f"/api/executions/{_segment(execution_id)}/cancel")

    async def execution(self, execution_id: str) -> Document:
        """An execution as it stands."""
        return _document(await self._ask("GET", f"/api/executions/{_segment(execution_id)}"))

    async def node(self, execution_id: str, node_id: str) -> Document:
        """A node of an execution with its history and the SQL it sent."""
        return _document(await self._ask("GET", f"/api/executions/{_segment(execution_id)}/nodes/{node_id}"))

    async def follow(self, execution_id: str, *, every_seconds: float = 0.1) -> AsyncIterator[Document]:
        """The execution again and again, whenever it changed, until it has ended."""
        last: Document | None = None
        while True:
            execution = await self.execution(execution_id)
            if execution != last:
                yield execution
            if ExecutionState(execution["state"]).final:
                return
            last = execution
            await asyncio.sleep(every_seconds)

    async def results(self, execution_id: str, node_id: str, most: int | None = None) -> Document | None:
        """The first rows of a node's result, all of them if `most` is None; None if it has no result."""
        path = f"/api/executions/{_segment(execution_id)}/nodes/{node_id}/results"
        found = await self._page(path, 0, min(most or PAGE, PAGE))
        while found and len(found["rows"]) < min(found["total"], most or found["total"]):
            page = await self._page(path, len(found["rows"]), PAGE)
            if not page or not page["rows"]:
                break
            found["rows"] += page["rows"]
        return found

    async def _page(self, path: str, offset: int, limit: int) -> Document | None:
        try:
            return _document(await self._ask("GET", path, params={"limit": limit, "offset": offset}))
        except RefusedByServer as refused:
            if refused.status in {httpx2.codes.NOT_FOUND, httpx2.codes.CONFLICT}:
                return None
            raise

    async def _pages(self, path: str) -> AsyncIterator[Document]:
        cursor: str | None = None
        while True:
            params = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
            page = (await self._ask("GET", path, params=params)).json()
            for each in page["items"]:
                yield each
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    async def _ask(self, method: str, path: str, **content: Any) -> httpx2.Response:
        try:
            answer = await self._http.request(method, path, **content)
        except httpx2.TransportError as error:
            message = f"Nobody answers at {self._http.base_url}; is the system still running?"
            raise TryAgain(message) from error
        if answer.is_error:
            raise RefusedByServer(answer.status_code, _error_body(answer))
        return answer


@asynccontextmanager
async def open_client(url: str) -> AsyncIterator[Client]:
    """A client of the system at the URL, with the token of the environment if there is one."""
    token = os.environ.get("QUERYFLOW_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as http:
        yield Client(http)


def _segment(name: str) -> str:
    """A name a person typed, as one segment of a path and never more."""
    return quote(name, safe="")


def _document(answer: httpx2.Response) -> Document:
    found = answer.json()
    if not isinstance(found, dict):
        raise RefusedByServer(answer.status_code, {"error": "UNEXPECTED", "message": "The answer is not an object."})
    return found


def _error_body(answer: httpx2.Response) -> Document:
    try:
        found = answer.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"error": str(answer.status_code), "message": answer.text[:500]}


def problem_of(each: Mapping[str, Any]) -> Problem:
    """A problem as the API writes it."""
    severity = Severity(each.get("severity", Severity.ERROR))
    return Problem(str(each.get("code")), str(each.get("path")), str(each.get("message")), severity)
