"""Runs a flow on a system and waits for its end, showing how it goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rich.console import Console
from rich.live import Live

from queryflow.domain.states import ExecutionState
from queryflow_cli.client import Client, Document
from queryflow_cli.report import execution_json, node_table, print_execution, print_query, print_result


@dataclass(frozen=True, slots=True)
class Wish:
    """What to run, and how to show it."""

    composition_id: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    connection: str | None = None
    """The engine connection that stands in for the flow's, for this execution."""
    logical_date: date | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """How an execution is shown."""

    as_json: bool = False
    queries: bool = False


async def run(client: Client, wish: Wish, shown: Shown) -> bool:
    """Start an execution and follow it to its end; whether it succeeded."""
    body: Document = {"parameters": dict(wish.parameters)}
    if wish.connection is not None:
        body["connection"] = wish.connection
    if wish.logical_date is not None:
        body["logical_date"] = wish.logical_date.isoformat()
    execution_id = await client.execute(wish.composition_id, body)
    return await watch(client, execution_id, shown)


async def watch(client: Client, execution_id: str, shown: Shown) -> bool:
    """Follow an execution to its end and print it; whether it succeeded."""
    execution = await _follow(client, execution_id, shown)
    result = await _last_result(client, execution)
    if shown.as_json:
        print(execution_json(execution, result))
    else:
        await _print(client, execution, result, shown)
    return bool(execution["state"] == ExecutionState.SUCCEEDED)


async def _follow(client: Client, execution_id: str, shown: Shown) -> Document:
    console = Console(stderr=True, quiet=shown.as_json)
    execution: Document = {}
    with Live(console=console, transient=True, auto_refresh=False) as live:
        async for execution in client.follow(execution_id):
            live.update(node_table(execution), refresh=True)
    return execution


async def _last_result(client: Client, execution: Document) -> Document | None:
    """The result of the last sink in file order; None if that node has none."""
    sink = [node["node_id"] for node in execution["nodes"] if node["is_sink"]][-1]
    page = await client.results(execution["execution_id"], sink)
    if page is None:
        return None
    return {"node_id": sink, "columns": page["columns"], "rows": page["rows"], "total": page["total"]}


async def _print(client: Client, execution: Document, result: Document | None, shown: Shown) -> None:
    console = Console()
    if shown.queries:
        for node in execution["nodes"]:
            print_query(console, await client.node(execution["execution_id"], node["node_id"]))
    print_execution(console, execution)
    if result is not None:
        print_result(console, result)
