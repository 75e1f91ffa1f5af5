"""The HTTP API as the command line uses it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from queryflow_cli.client.calls.asking import Document, RefusedByServer, problem_of
from queryflow_cli.client.calls.compositions import CompositionCalls
from queryflow_cli.client.calls.connections import ConnectionCalls
from queryflow_cli.client.calls.executions import ExecutionCalls
from queryflow_cli.client.calls.queries import QueryCalls
from queryflow_cli.client.calls.schedules import ScheduleCalls
from queryflow_cli.client.calls.templates import TemplateCalls

__all__ = ["Client", "Document", "RefusedByServer", "open_client", "problem_of"]


class Client(CompositionCalls, ConnectionCalls, ExecutionCalls, QueryCalls, ScheduleCalls, TemplateCalls):
    """One connection to a running system; every method raises RefusedByServer, or TryAgain when nobody answers."""


@asynccontextmanager
async def open_client(url: str) -> AsyncIterator[Client]:
    """A client of the system at the URL, with the token of the environment if there is one."""
    token = os.environ.get("QUERYFLOW_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as http:
        yield Client(http)
