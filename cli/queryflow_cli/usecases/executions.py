"""Following executions, ending them, and looking at their rows."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import typer

from queryflow.domain.errors import Refused
from queryflow_cli.client import Document
from queryflow_cli.comma_separated import csv_line
from queryflow_cli.console import open_console
from queryflow_cli.report import ROWS_SHOWN, print_result, result_document
from queryflow_cli.running import watch
from queryflow_cli.session import Session, open_session
from queryflow_cli.wishes import SessionWish, Shown


@dataclass(frozen=True, slots=True)
class RowsWish:
    """Which rows to show, and how."""

    execution_id: str
    node_id: str | None = None
    """None: the last node of the flow that has no other after it."""
    as_csv: bool = False
    as_json: bool = False
    out: Path | None = None
    """The file for CSV; else standard output."""


async def watch_execution(execution_id: str, wish: SessionWish, shown: Shown) -> bool:
    """Follow an execution to its end and show it; whether it succeeded."""
    async with open_session(wish) as session:
        return await watch(session, execution_id, shown)


async def cancel_execution(execution_id: str, wish: SessionWish) -> bool:
    """Ask an execution to end."""
    async with open_session(wish) as session:
        await session.client.cancel(execution_id)
        typer.echo(f"Execution {execution_id} was asked to end; {session.command} watch {execution_id} shows how.")
    return True


async def show_rows(rows: RowsWish, wish: SessionWish) -> bool:
    """Show the rows of a node: the first as a table, or all of them as CSV or JSON."""
    async with open_session(wish) as session:
        node_id = rows.node_id or await _last_sink(session, rows.execution_id)
        if rows.as_csv or rows.out is not None:
            await _write_csv(session, rows, node_id)
            return True
        found = await session.client.results(rows.execution_id, node_id, None if rows.as_json else ROWS_SHOWN)
        if found is None:
            raise await _no_rows(session, rows.execution_id, node_id)
        result = {"node_id": node_id, **found}
        if rows.as_json:
            print(json.dumps(result_document(result), ensure_ascii=False, indent=2))
        else:
            print_result(open_console(), result)
            if found["total"] > ROWS_SHOWN:
                name = f"{session.command} results {rows.execution_id} {node_id} --csv{session.words}"
                typer.echo(f"All rows: {name}", err=True)
    return True


async def _write_csv(session: Session, rows: RowsWish, node_id: str) -> None:
    pages = session.client.result_pages(rows.execution_id, node_id)
    first = await anext(pages, None)
    if first is None:
        raise await _no_rows(session, rows.execution_id, node_id)
    try:
        if rows.out is None:
            await _write(sys.stdout, first, pages)
            return
        with rows.out.open("w", encoding="utf-8", newline="") as file:
            await _write(file, first, pages)
    except OSError as error:
        if rows.out is None:
            raise
        raise Refused(f"{rows.out} cannot be written: {error.strerror}.", code="FILE_NOT_WRITABLE") from error
    typer.echo(f"{first['total']:,} rows in {rows.out}.", err=True)


async def _write(file: IO[str], first: Document, others: AsyncIterator[Document]) -> None:
    file.write(csv_line([column["name"] for column in first["columns"]]))
    await asyncio.to_thread(file.writelines, map(csv_line, first["rows"]))
    async for page in others:
        await asyncio.to_thread(file.writelines, map(csv_line, page["rows"]))
    file.flush()


async def _last_sink(session: Session, execution_id: str) -> str:
    execution = await session.client.execution(execution_id)
    sinks = [str(node["node_id"]) for node in execution["nodes"] if node["is_sink"]]
    if not sinks:
        raise Refused(f"The execution {execution_id} has no nodes yet.", code="NO_RESULT")
    return sinks[-1]


async def _no_rows(session: Session, execution_id: str, node_id: str) -> Refused:
    """Why a node has no rows, with the nodes that have some."""
    execution = await session.client.execution(execution_id)
    nodes = {str(node["node_id"]): node for node in execution["nodes"]}
    have = ", ".join(name for name, node in nodes.items() if node["rows"] is not None) or "none yet"
    if node_id not in nodes:
        message = f"The execution has no node {node_id}; its nodes are {', '.join(nodes)}."
        return Refused(message, code="NO_SUCH_NODE")
    state = str(nodes[node_id]["state"]).replace("_", " ")
    return Refused(f"The node {node_id} has no rows, it is {state}. Nodes with rows: {have}.", code="NO_RESULT")
