"""demo, run, validate, import, export, publish: what one does with flows."""

from pathlib import Path
from typing import Annotated

import typer

from queryflow_cli.commands.options import Data, Ephemeral, Home, Json, Parameters, Queries, Server
from queryflow_cli.terminal.exit_codes import run_async
from queryflow_cli.terminal.run_options import FlowRequest, SessionOptions, Shown

EXAMPLE = "comp_top_overlap_paths"

FlowFile = Annotated[Path | None, typer.Option("--flow", help="Another flow file than the shipped example.")]
FlowOrId = Annotated[str, typer.Argument(metavar="FILE|COMPOSITION_ID", help="A flow file, or a saved flow's id.")]
Version = Annotated[
    str | None, typer.Option(help="Of a saved flow: published, head (what was saved last), or a version's hash.")
]
CompositionId = Annotated[str, typer.Argument(metavar="COMPOSITION_ID", help="A saved flow's id.")]


def demo(
    flow: FlowFile = None,
    home: Home = None,
    ephemeral: Ephemeral = False,
    data: Data = None,
    as_json: Json = False,
    sql: Queries = False,
    server: Server = None,
) -> None:
    """Run the example flow on sample data, and show every node and the final rows."""
    from queryflow_cli.usecases import flows

    request = FlowRequest(EXAMPLE) if flow is None else FlowRequest(str(flow.absolute()))
    run_async(flows.run_flow(request, SessionOptions(home, ephemeral, data, server), Shown(as_json, sql)))


def run_flow(
    flow: FlowOrId,
    param: Parameters = None,
    home: Home = None,
    ephemeral: Ephemeral = False,
    data: Data = None,
    as_json: Json = False,
    sql: Queries = False,
    version: Version = None,
    server: Server = None,
) -> None:
    """Run a flow file or a saved flow, and wait for its end.

    Ctrl-C asks whether to leave it running or to cancel it; where nobody can be asked it is left running.
    """
    from queryflow_cli.usecases import flows

    request = FlowRequest(flow, tuple(param or ()), version)
    run_async(flows.run_flow(request, SessionOptions(home, ephemeral, data, server), Shown(as_json, sql)))


def validate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A flow file, or a template file.")],
    as_json: Json = False,
    home: Home = None,
    server: Server = None,
) -> None:
    """List everything that is wrong with a flow file or a template file; nothing is saved or run."""
    from queryflow_cli.terminal.console import print_json
    from queryflow_cli.terminal.problems import print_problems, problem_document
    from queryflow_cli.usecases.templates import judge

    async def judged() -> bool:
        problems = await judge(file, SessionOptions(home, server=server))
        if as_json:
            rows = [problem_document(each) for each in problems]
            print_json({"problems": rows})
        elif problems:
            print_problems(problems, stderr=False)
        else:
            typer.echo(f"{file}: no problems.")
        return not any(problem.severity == "error" for problem in problems)

    run_async(judged())


def import_flow(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A flow file.")],
    home: Home = None,
    server: Server = None,
) -> None:
    """Save a flow file as the head of its composition."""
    from queryflow_cli.usecases import flows

    run_async(flows.import_flow(file, SessionOptions(home, server=server)))


def export_flow(
    composition_id: CompositionId,
    home: Home = None,
    out: Annotated[Path | None, typer.Option(help="The file to write; else standard output.", dir_okay=False)] = None,
    server: Server = None,
) -> None:
    """Write a saved flow as a flow file."""
    from queryflow_cli.usecases import flows

    run_async(flows.export_flow(composition_id, SessionOptions(home, server=server), out))


def combine_templates(
    composition_id: Annotated[str, typer.Argument(metavar="COMPOSITION_ID", help="The id of the new flow, comp_….")],
    templates: Annotated[list[str], typer.Argument(metavar="TEMPLATE_ID …", help="Templates, in their order.")],
    name: Annotated[str | None, typer.Option(help="What people call it; else the id.")] = None,
    param: Parameters = None,
    connection: Annotated[str | None, typer.Option(help="The engine connection it runs on.")] = None,
    home: Home = None,
    server: Server = None,
) -> None:
    """Make a flow of templates that share values: one node each, in their order."""
    from queryflow_cli.usecases import flows

    document = {
        "composition_id": composition_id,
        "name": name or composition_id,
        "templates": templates,
        "connection": connection,
    }
    run_async(flows.combine_templates(document, tuple(param or ()), SessionOptions(home, server=server)))


def publish_flow(composition_id: CompositionId, home: Home = None, server: Server = None) -> None:
    """Make what was saved last the version that schedules and `run` use."""
    from queryflow_cli.usecases import flows

    run_async(flows.publish_flow(composition_id, SessionOptions(home, server=server)))
