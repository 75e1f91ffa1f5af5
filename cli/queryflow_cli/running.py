"""Runs a flow on a system and waits for its end, showing how it goes."""

from rich.console import Console
from rich.live import Live

from queryflow.domain.states import ExecutionState
from queryflow_cli.client import Client, Document
from queryflow_cli.report import (
    ROWS_SHOWN,
    execution_json,
    node_table,
    open_console,
    print_execution,
    print_query,
    print_result,
)
from queryflow_cli.wishes import Shown


async def run(client: Client, composition_id: str, wish: Document, shown: Shown) -> bool:
    """Start an execution, wished as the API takes it, and follow it to its end; whether it succeeded."""
    execution_id = await client.execute(composition_id, wish)
    return await watch(client, execution_id, shown)


async def watch(client: Client, execution_id: str, shown: Shown) -> bool:
    """Follow an execution to its end and print it; whether it succeeded."""
    execution = await _follow(client, execution_id, shown)
    result = await _last_result(client, execution, None if shown.as_json else ROWS_SHOWN)
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


async def _last_result(client: Client, execution: Document, most: int | None) -> Document | None:
    """The first rows (all of them, if `most` is None) of the last sink in file order; None if it has no result."""
    sinks = [node["node_id"] for node in execution["nodes"] if node["is_sink"]]
    if not sinks:
        return None
    page = await client.results(execution["execution_id"], sinks[-1], most)
    return None if page is None else {"node_id": sinks[-1], **page}


async def _print(client: Client, execution: Document, result: Document | None, shown: Shown) -> None:
    console = open_console()
    if shown.queries:
        for node in execution["nodes"]:
            print_query(console, await client.node(execution["execution_id"], node["node_id"]))
        console.print()
    print_execution(console, execution)
    if result is not None:
        print_result(console, result)
