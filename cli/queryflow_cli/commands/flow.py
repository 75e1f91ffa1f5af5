"""demo, run, watch, validate, import, export: what one does with flows."""

import json
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from queryflow_cli.commands.options import Data, Ephemeral, Home, Json, Parameters, Queries
from queryflow_cli.edge import FAILED, run_async
from queryflow_cli.wishes import FlowWish, SessionWish, Shown

EXAMPLE = "comp_top_overlap_paths"

FlowFile = Annotated[Path | None, typer.Option("--flow", help="Another flow file than the shipped example.")]
FlowOrId = Annotated[str, typer.Argument(metavar="FILE|COMPOSITION_ID", help="A flow file, or a saved flow's id.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A flow file.")]
CompositionId = Annotated[str, typer.Argument(metavar="COMPOSITION_ID", help="A saved flow's id.")]
ExecutionId = Annotated[UUID, typer.Argument(metavar="EXECUTION_ID", help="As `run` and the API give it.")]


def demo(
    flow: FlowFile = None,
    home: Home = None,
    ephemeral: Ephemeral = False,
    data: Data = None,
    as_json: Json = False,
    sql: Queries = False,
) -> None:
    """Run the example flow on sample data, and show every node and the final rows."""
    from queryflow_cli import usecases

    wished = FlowWish(EXAMPLE) if flow is None else FlowWish(str(flow.absolute()))
    run_async(usecases.run_flow(wished, SessionWish(home, ephemeral, data), Shown(as_json, sql)))


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
    from queryflow_cli import usecases

    wished = FlowWish(flow, tuple(param or ()))
    run_async(usecases.run_flow(wished, SessionWish(home, ephemeral, data), Shown(as_json, sql)))


def watch_execution(execution_id: ExecutionId, home: Home = None, as_json: Json = False, sql: Queries = False) -> None:
    """Follow an execution until it ends."""
    from queryflow_cli import usecases

    run_async(usecases.watch_execution(str(execution_id), SessionWish(home), Shown(as_json, sql)))


def validate(file: File, as_json: Json = False) -> None:
    """List everything that is wrong with a flow file; nothing is saved or run."""
    from queryflow_cli.flows import problems_in
    from queryflow_cli.problems import problem_document, problem_lines

    problems = problems_in(file)
    if as_json:
        rows = [problem_document(each) for each in problems]
        typer.echo(json.dumps({"problems": rows}, ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(problem_lines(problems)) if problems else f"{file}: no problems.")
    raise typer.Exit(FAILED if any(problem.severity == "error" for problem in problems) else 0)


def import_flow(file: File, home: Home = None) -> None:
    """Save a flow file as the head of its composition."""
    from queryflow_cli import usecases

    run_async(usecases.import_flow(file, SessionWish(home)))


def export_flow(
    composition_id: CompositionId,
    home: Home = None,
    out: Annotated[Path | None, typer.Option(help="The file to write; else standard output.", dir_okay=False)] = None,
) -> None:
    """Write a saved flow as a flow file."""
    from queryflow_cli import usecases

    run_async(usecases.export_flow(composition_id, SessionWish(home), out))
