"""templates: saves, lists and shows templates."""

from pathlib import Path
from typing import Annotated

import typer

from queryflow_cli.commands.options import Home, Json, Server
from queryflow_cli.terminal.exit_codes import run_async
from queryflow_cli.terminal.run_options import SessionOptions

templates = typer.Typer(help="Save, list and show templates.", no_args_is_help=True)


@templates.command("import")
def import_templates(
    files: Annotated[list[Path], typer.Argument(metavar="FILE …", help="Template files.")],
    home: Home = None,
    server: Server = None,
) -> None:
    """Save template files; one that is there already gets a new version if it differs."""
    from queryflow_cli.usecases import templates as usecases

    run_async(usecases.import_templates(files, SessionOptions(home, server=server)))


@templates.command("list")
def list_templates(as_json: Json = False, home: Home = None, server: Server = None) -> None:
    """List the saved templates."""
    from queryflow_cli.usecases import templates as usecases

    run_async(usecases.list_templates(SessionOptions(home, server=server), as_json=as_json))


@templates.command("show")
def show_template(
    template_id: Annotated[str, typer.Argument(metavar="TEMPLATE_ID")],
    as_yaml: Annotated[bool, typer.Option("--yaml", help="As a template file.")] = False,
    home: Home = None,
    server: Server = None,
) -> None:
    """Show a template's parameters, columns and SQL."""
    from queryflow_cli.usecases import templates as usecases

    run_async(usecases.show_template(template_id, SessionOptions(home, server=server), as_yaml=as_yaml))
