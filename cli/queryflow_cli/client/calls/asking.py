"""One request and its answer: what every other call is made of."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx2

from queryflow.domain.errors import Fix, Problem, Refused, Severity, TryAgain

Document = dict[str, Any]
TRIES = 10
"""How often a change is done again that met another."""


class RefusedByServer(Refused):
    """The server refused a request, with the problems it found."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body.get("message", f"HTTP {status}")), code=str(body.get("error", status)))
        self.status = status
        details = body.get("details") or {}
        self.problems = tuple(problem_of(each) for each in details.get("problems", ()))


class Asking:
    """Requests to one system; every method raises RefusedByServer, or TryAgain when nobody answers."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def _get(self, path: str, **content: Any) -> Document:
        return document_of(await self._ask("GET", path, **content))

    async def _pages(self, path: str, **params: str) -> AsyncIterator[Document]:
        cursor: str | None = None
        while True:
            page = await self._get(path, params={"limit": "200", **params} | ({"cursor": cursor} if cursor else {}))
            for each in page["items"]:
                yield each
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    async def _change(self, method: str, path: str, body: Document | None = None) -> Document | None:
        """Change what is there, as it is now; answers with what it became, None where it is gone.

        A command is not based on what was there before: if others change it at the same time, it is done again.
        """
        content = {} if body is None else {"json": body}
        for left in reversed(range(TRIES)):
            present = await self._ask("GET", path)
            try:
                answer = await self._ask(method, path, headers={"If-Match": present.headers["etag"]}, **content)
                return None if answer.status_code == httpx2.codes.NO_CONTENT else document_of(answer)
            except RefusedByServer as refused:
                if refused.status != httpx2.codes.PRECONDITION_FAILED or not left:
                    raise
        return None

    async def _save(self, folder: str, name: str, body: Document) -> Document:
        """Write what the name stands for, new or not."""
        path = f"{folder}/{segment(name)}"
        try:
            return await self._change("PUT", path, body) or {}
        except RefusedByServer as refused:
            if refused.status != httpx2.codes.NOT_FOUND:
                raise
        try:
            return document_of(await self._ask("POST", folder, json=body))
        except RefusedByServer as refused:
            if refused.status != httpx2.codes.CONFLICT:
                raise
            taken = refused
        try:  # somebody made it meanwhile, or it was deleted and its name stays taken
            return await self._change("PUT", path, body) or {}
        except RefusedByServer as refused:
            raise (taken if refused.status == httpx2.codes.NOT_FOUND else refused) from None

    async def _ask(self, method: str, path: str, **content: Any) -> httpx2.Response:
        try:
            answer = await self._http.request(method, path, **content)
        except httpx2.TransportError as error:
            message = f"Nobody answers at {self._http.base_url}; is the system still running?"
            raise TryAgain(message) from error
        if answer.status_code == httpx2.codes.UNAUTHORIZED:
            raise RefusedByServer(answer.status_code, _error_body(answer) | {"message": self._token_wanted()})
        if answer.is_error:
            raise RefusedByServer(answer.status_code, _error_body(answer))
        return answer

    def _token_wanted(self) -> str:
        """What to do for a system that answers only those with its token."""
        sent = "authorization" in self._http.headers
        what = "does not accept the token in QUERYFLOW_TOKEN" if sent else "asks for its token"
        return f"{self._http.base_url} {what}; set QUERYFLOW_TOKEN to the value that it was started with."


def segment(name: str) -> str:
    """A name a person typed, as one segment of a path and never more."""
    return quote(name, safe="")


def document_of(answer: httpx2.Response) -> Document:
    """The answer as an object; RefusedByServer if it is something else."""
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        sentence = "What answers there is no QueryFlow: the answer is not an object."
        raise RefusedByServer(answer.status_code, {"error": "UNEXPECTED", "message": sentence})
    return found


def problem_of(each: Mapping[str, Any]) -> Problem:
    """A problem as the API writes it."""
    severity = Severity(each.get("severity", Severity.ERROR))
    fixes = tuple(Fix(str(fix["title"]), fix.get("patch") or {}) for fix in each.get("fixes") or ())
    place = (each.get("line"), each.get("column"))
    return Problem(str(each.get("code")), str(each.get("path")), str(each.get("message")), severity, fixes, *place)


def _error_body(answer: httpx2.Response) -> Document:
    try:
        found = answer.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"error": str(answer.status_code), "message": answer.text[:500]}
