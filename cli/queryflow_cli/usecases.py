"""What the commands do with a system: run flows, follow executions, take flow files in and out."""

from pathlib import Path
from typing import Any

import typer

from queryflow.domain.flow_file import flow_to_document
from queryflow.domain.parameters import ParameterType
from queryflow_cli.client import Client, Document, problem_of
from queryflow_cli.flows import parameters_of, read_assignments, read_flow_file, write_flow_file
from queryflow_cli.problems import problem_lines
from queryflow_cli.running import run, watch
from queryflow_cli.session import open_session
from queryflow_cli.wishes import DATA, FlowWish, SessionWish, Shown


async def run_flow(wished: FlowWish, session: SessionWish, shown: Shown) -> bool:
    """Run a flow file or a saved flow on a system, show it; whether it succeeded."""
    document = None if wished.is_saved else flow_to_document(read_flow_file(Path(wished.name)))
    typed = read_assignments(wished.assignments)
    async with open_session(session) as client:
        flow = await _saved(client, wished.name, document)
        wish: Document = {"parameters": parameters_of(typed, _types(flow))}
        wish |= {} if wished.is_saved else {"version": "head"}  # what the file says, not what was published before
        wish |= {} if session.data is None else {"connection": DATA}
        return await run(client, flow["composition_id"], wish, shown)


async def watch_execution(execution_id: str, session: SessionWish, shown: Shown) -> bool:
    """Follow an execution to its end and show it; whether it succeeded."""
    async with open_session(session) as client:
        return await watch(client, execution_id, shown)


async def import_flow(file: Path, session: SessionWish) -> bool:
    """Save a flow file as the head of its composition, and say what is still wrong with it."""
    document = flow_to_document(read_flow_file(file))
    async with open_session(session) as client:
        saved = await client.save_composition(document)
    for line in problem_lines([problem_of(each) for each in saved.get("problems") or []]):
        typer.echo(line, err=True)
    typer.echo(f"Saved {document['composition_id']}.")
    return True


async def export_flow(composition_id: str, session: SessionWish, out: Path | None) -> bool:
    """Write a saved flow as a flow file, or to standard output."""
    async with open_session(session) as client:
        text = await client.composition_file(composition_id)
    write_flow_file(text, out)
    return True


async def _saved(client: Client, name: str, document: Document | None) -> Document:
    """The flow as the system has it, once a flow file was saved."""
    if document is None:
        return await client.composition(name)
    await client.save_composition(document)
    return document


def _types(flow: Document) -> dict[str, ParameterType]:
    declared: dict[str, Any] = flow.get("parameters") or {}
    return {name: ParameterType(each["type"]) for name, each in declared.items()}
