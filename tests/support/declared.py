"""Every refusal that a test meets is one that its route declares."""

import re
from collections.abc import Awaitable, Callable, Set

import httpx2
from fastapi import FastAPI

EVERYWHERE: Set[int] = frozenset({400, 401, 405, 408, 413, 415, 500, 503})
"""What any address may answer, before a route is asked or when it fails: `default` in OpenAPI."""
GUARDED = frozenset({"HOST_NOT_ALLOWED", "ORIGIN_NOT_ALLOWED"})
"""What the guard of all addresses says to the pages of other sites."""


def only_declared(app: FastAPI) -> Callable[[httpx2.Response], Awaitable[None]]:
    """A hook for responses: AssertionError where a route refuses in a way that its OpenAPI does not tell."""
    routes = [
        (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), method.upper(), set(operation["responses"]))
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    ]

    async def check(response: httpx2.Response) -> None:
        asked, path, status = response.request.method, response.request.url.path, response.status_code
        if status < 400 or status in EVERYWHERE:
            return
        await response.aread()
        if response.json()["error"] in GUARDED:
            return
        for pattern, method, declared in routes:
            if method == asked and pattern.fullmatch(path):
                assert str(status) in declared, f"{asked} {path} answers {status}, and declares {sorted(declared)}"
                return

    return check
