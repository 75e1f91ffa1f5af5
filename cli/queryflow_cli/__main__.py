"""The command line: `python -m queryflow_cli`, which `./queryflow` starts."""

from typing import Annotated

import typer
import typer.rich_utils

from queryflow_cli.commands import execution, flow, query, system
from queryflow_cli.commands.bench import bench
from queryflow_cli.commands.connections import connect_data, connections
from queryflow_cli.commands.data import data
from queryflow_cli.commands.schedules import schedules
from queryflow_cli.commands.templates import templates
from queryflow_cli.terminal.console import without_colour
from queryflow_cli.terminal.exit_codes import run_app

app = typer.Typer(name="queryflow", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

app.callback()(system.queryflow)
app.command("demo")(flow.demo)
app.command("run")(flow.run_flow)
app.command("watch")(execution.watch_execution)
app.command("results")(execution.show_results)
app.command("cancel")(execution.cancel_execution)
app.command("validate")(flow.validate)
app.command("import")(flow.import_flow)
app.command("export")(flow.export_flow)
app.command("publish")(flow.publish_flow)
app.command("combine")(flow.combine_templates)
app.command("query")(query.query)
templates.command("run")(query.run_template)
data.command("connect", hidden=True)(connect_data)
app.add_typer(connections, name="connections")
app.add_typer(templates, name="templates")
app.add_typer(query.workflows, name="workflows")
app.add_typer(schedules, name="schedules")
app.add_typer(data, name="data")
app.command("up")(system.up)
app.command("migrate")(system.migrate_database)
app.command("services")(system.services)
app.command("doctor")(system.doctor)
app.command("bench")(bench)


@app.command("test", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def run_the_tests(
    context: typer.Context,
    only: Annotated[str | None, typer.Option(help="lint, unit, contract, integration or system")] = None,
) -> None:
    """Lint, check types and import contracts, and run every test; other arguments go to pytest."""
    from queryflow_cli.dev.testing import run_tests

    raise typer.Exit(run_tests(context.args, only))


def main() -> None:
    """Run the command line; what is refused on purpose is a sentence, not a stack trace."""
    if without_colour():
        typer.rich_utils.COLOR_SYSTEM = None
    run_app(app)


if __name__ == "__main__":
    main()
