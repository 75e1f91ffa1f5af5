"""demo, run, watch, validate, import, export: what one does with flows."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from queryflow.domain.flow import Flow
from queryflow.domain.flow_file import flow_to_document
from queryflow_cli.commands.options import Data, Ephemeral, Home, Json, Parameters, Queries
from queryflow_cli.edge import run_async
from queryflow_cli.flows import parameters_of, problems_of, read_flow_file
from queryflow_cli.report import print_problems
from queryflow_cli.running import Shown, Wish, run, watch
from queryflow_cli.session import SessionWish, open_session

EXAMPLE = "comp_top_overlap_paths"

FlowFile = Annotated[Path | None, typer.Option("--flow", help="Another flow file than the shipped example.")]
FlowOrId = Annotated[str, typer.Argument(metavar="FILE|COMPOSITION_ID", help="A flow file, or a saved flow's id.")]


@dataclass(frozen=True, slots=True)
class FlowToRun:
    """What a person named: a saved flow, or a flow file to be saved first."""

    name: str
    data: Path | None = None

    @property
    def is_file(self) -> bool:
        """A saved flow's id has neither a suffix nor a folder."""
        return Path(self.name).suffix != "" or Path(self.name).exists()


def demo(
    flow: FlowFile = None,
    home: Home = None,
    ephemeral: Ephemeral = False,
    data: Data = None,
    as_json: Json = False,
    sql: Queries = False,
) -> None:
    """Run the example flow on sample data, and show every node and the final rows."""
    wished = FlowToRun(EXAMPLE if flow is None else str(flow), data)
    run_async(_run_flow(wished, SessionWish(home, ephemeral, data), [], Shown(as_json, sql)))


def run_flow(
    flow: FlowOrId,
    param: Parameters = None,
    home: Home = None,
    ephemeral: Ephemeral = False,
    data: Data = None,
    as_json: Json = False,
    sql: Queries = False,
) -> None:
    """Run a flow file or a saved flow, and wait for its end."""
    wished = FlowToRun(flow, data)
    run_async(_run_flow(wished, SessionWish(home, ephemeral, data), param or [], Shown(as_json, sql)))


def watch_execution(execution_id: str, home: Home = None, as_json: Json = False, sql: Queries = False) -> None:
    """Follow an execution until it ends."""
    run_async(_watch(execution_id, SessionWish(home), Shown(as_json, sql)))


def validate(file: Path, as_json: Json = False) -> None:
    """List everything that is wrong with a flow file; nothing is saved or run."""
    problems = problems_of(read_flow_file(file))
    if as_json:
        rows = [{"code": p.code, "path": p.path, "message": p.message, "severity": p.severity} for p in problems]
        typer.echo(json.dumps({"problems": rows}, ensure_ascii=False, indent=2))
    elif problems:
        print_problems(Console(), problems)
    else:
        typer.echo(f"{file}: no problems.")
    raise typer.Exit(1 if any(problem.severity == "error" for problem in problems) else 0)


def import_flow(file: Path, home: Home = None) -> None:
    """Save a flow file as the head of its composition."""
    run_async(_import(read_flow_file(file), SessionWish(home)))


def export_flow(
    composition_id: str,
    home: Home = None,
    out: Annotated[Path | None, typer.Option(help="The file to write; else standard output.")] = None,
) -> None:
    """Write a saved flow as a flow file."""
    run_async(_export(composition_id, SessionWish(home), out))


async def _run_flow(wished: FlowToRun, session: SessionWish, assignments: list[str], shown: Shown) -> bool:
    flow = read_flow_file(Path(wished.name)) if wished.is_file else None
    async with open_session(session) as client:
        if flow is None:
            saved = await client.composition(wished.name)
        else:
            saved = flow_to_document(flow)
            await client.save_composition(saved)
        types = {name: declared["type"] for name, declared in (saved.get("parameters") or {}).items()}
        parameters = parameters_of(assignments, types)
        connection = "data" if wished.data is not None else None
        return await run(client, Wish(saved["composition_id"], parameters, connection), shown)


async def _watch(execution_id: str, session: SessionWish, shown: Shown) -> bool:
    async with open_session(session) as client:
        return await watch(client, execution_id, shown)


async def _import(flow: Flow, session: SessionWish) -> bool:
    async with open_session(session) as client:
        saved = await client.save_composition(flow_to_document(flow))
    problems = saved.get("problems") or []
    for problem in problems:
        typer.echo(f"{problem['severity']} {problem['code']} at {problem['path']}: {problem['message']}", err=True)
    typer.echo(f"Saved {flow.composition_id}.")
    return True


async def _export(composition_id: str, session: SessionWish, out: Path | None) -> bool:
    async with open_session(session) as client:
        text = await client.composition_file(composition_id)
    with typer.open_file("-" if out is None else str(out), "w", encoding="utf-8") as file:
        file.write(text)
    return True
