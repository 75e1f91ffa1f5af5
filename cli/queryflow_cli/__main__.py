"""The command line: `python -m queryflow_cli`, which `./queryflow` starts."""

import sys
from typing import Annotated

import typer

from queryflow.domain.errors import QueryFlowError, TryAgain
from queryflow.domain.scarcity import DISK_FULL
from queryflow_cli.commands import flow, system
from queryflow_cli.commands.bench import bench
from queryflow_cli.commands.data import data
from queryflow_cli.edge import REFUSED, explain, refuse_what_is_no_text

app = typer.Typer(name="queryflow", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

app.command("demo")(flow.demo)
app.command("run")(flow.run_flow)
app.command("watch")(flow.watch_execution)
app.command("validate")(flow.validate)
app.command("import")(flow.import_flow)
app.command("export")(flow.export_flow)
app.command("up")(system.up)
app.command("migrate")(system.migrate_database)
app.command("services")(system.services)
app.command("doctor")(system.doctor)
app.command("bench")(bench)
app.add_typer(data, name="data")


@app.callback()
def queryflow() -> None:
    """The flow builder that understands your SQL."""


@app.command("test", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def run_the_tests(
    context: typer.Context,
    only: Annotated[str | None, typer.Option(help="lint, unit, contract, integration or system")] = None,
) -> None:
    """Lint, check types and import contracts, and run every test; other arguments go to pytest."""
    from queryflow_cli.testing import run_tests

    raise typer.Exit(run_tests(context.args, only))


def main() -> None:
    """Run the command line; what is refused on purpose is a sentence, not a stack trace."""
    try:
        refuse_what_is_no_text(sys.argv[1:])
        app(prog_name="queryflow")
    except QueryFlowError as error:
        explain(error)
        raise SystemExit(REFUSED) from None
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        explain(TryAgain(f"The disk is full: {error.filename or 'a file'} could not be written. Make room there."))
        raise SystemExit(REFUSED) from None


if __name__ == "__main__":
    main()
