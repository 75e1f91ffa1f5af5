"""A node's rows, all of them, and why there are none."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

import typer

from queryflow.domain.errors import Refused
from queryflow_cli.client.client import Document
from queryflow_cli.terminal.comma_separated import csv_line
from queryflow_cli.terminal.report import counted
from queryflow_cli.usecases.session import Session


async def write_csv(session: Session, execution_id: str, node_id: str, out: Path | None) -> None:
    """Write the rows as CSV to the file, or to standard output; Refused if there are none."""
    pages = session.client.result_pages(execution_id, node_id)
    first = await anext(pages, None)
    if first is None:
        raise await no_rows(session, execution_id, node_id)
    try:
        if out is None:
            await _write(sys.stdout, first, pages)
            return
        with out.open("w", encoding="utf-8", newline="") as file:
            await _write(file, first, pages)
    except OSError as error:
        if out is None:
            raise
        raise Refused(f"{out} cannot be written: {error.strerror}.", code="FILE_NOT_WRITABLE") from error
    typer.echo(f"{counted(first['total'], 'row')} in {out}.", err=True)


async def _write(file: IO[str], first: Document, others: AsyncIterator[Document]) -> None:
    file.write(csv_line([column["name"] for column in first["columns"]]))
    await asyncio.to_thread(file.writelines, map(csv_line, first["rows"]))
    async for page in others:
        await asyncio.to_thread(file.writelines, map(csv_line, page["rows"]))
    file.flush()


async def no_rows(session: Session, execution_id: str, node_id: str) -> Refused:
    """Why a node has no rows, with the nodes that have some."""
    execution = await session.client.execution(execution_id)
    nodes = {str(node["node_id"]): node for node in execution["nodes"]}
    have = ", ".join(name for name, node in nodes.items() if node["rows"] is not None) or "none"
    if node_id not in nodes:
        message = f"The execution has no node {node_id}; its nodes are {', '.join(nodes)}."
        return Refused(message, code="NO_SUCH_NODE")
    state = str(nodes[node_id]["state"]).replace("_", " ")
    return Refused(f"The node {node_id} has no rows: it is {state}. Nodes with rows: {have}.", code="NO_RESULT")
