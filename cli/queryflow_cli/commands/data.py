"""data: looks at the tables of a folder, and makes sample data in one."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from queryflow_cli.commands.options import Json
from queryflow_cli.samples import amc, flights
from queryflow_cli.samples.dataset import Dataset
from queryflow_cli.terminal.exit_codes import run_async
from queryflow_cli.terminal.waiting import waiting

data = typer.Typer(help="Look at the tables of a folder, or make sample data in one.", no_args_is_help=True)

Folder = Annotated[
    Path, typer.Argument(help="Is made; another data set in it is replaced.", file_okay=False, resolve_path=True)
]


@data.command("tables")
def show_tables(
    folder: Annotated[
        Path, typer.Argument(help="A folder with a table per file.", exists=True, file_okay=False, resolve_path=True)
    ],
    as_json: Json = False,
) -> None:
    """Show what each table of a folder will be: columns, types, rows, notices; and which files are no tables."""
    from queryflow_cli.usecases import tables

    run_async(tables.show_tables(folder, as_json=as_json))


@data.command("amc")
def make_amc(
    folder: Folder,
    size: Annotated[str, typer.Option(help=f"One of {', '.join(amc.SIZES)}.")] = "demo",
    seed: Annotated[int, typer.Option(help="The same seed gives the same rows.", min=0)] = amc.SEED,
) -> None:
    """A made-up advertiser in the shape of Amazon Marketing Cloud."""
    if size not in amc.SIZES:
        raise typer.BadParameter(f"one of {', '.join(amc.SIZES)}", param_hint="--size")
    with waiting() as line:
        told = partial(line.count, "Making the tables")
        dataset = amc.generate(folder, size=size, seed=seed, told=told)
    _print(dataset, folder)


@data.command("flights")
def make_flights(folder: Folder) -> None:
    """The flights that left New York in 2013."""
    _print(flights.extract(folder), folder)


def _print(dataset: Dataset, folder: Path) -> None:
    typer.echo(f"{folder}: data up to {dataset.end_date}")
    for table, rows in dataset.rows.items():
        typer.echo(f"  {table:<50} {rows:>12,} rows")
