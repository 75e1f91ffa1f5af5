"""data: makes sample data in a folder of one's own, and lets the flows of a deployed system run on a folder."""

import re
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from queryflow_cli.commands.options import named_database
from queryflow_cli.edge import run_async
from queryflow_cli.samples import amc, flights
from queryflow_cli.samples.dataset import Dataset
from queryflow_cli.waiting import waiting

data = typer.Typer(help="Make sample data in a folder, or connect a folder.", no_args_is_help=True)

CONNECTION_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
Folder = Annotated[
    Path, typer.Argument(help="Is made; another data set in it is replaced.", file_okay=False, resolve_path=True)
]


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


@data.command("connect")
def connect_data(
    name: Annotated[str, typer.Argument(help="The engine connection's name, as flows say it.")],
    folder: Annotated[Path, typer.Argument(help="As the executors see it.", exists=True, file_okay=False)],
) -> None:
    """Let the flows of the database in QUERYFLOW_DATABASE_URL run on a folder: a table per Parquet or CSV file."""
    if not CONNECTION_NAME.fullmatch(name):
        raise typer.BadParameter("small letters, digits and _, a letter first", param_hint="name")
    run_async(_connect(name, folder.absolute(), named_database()))


async def _connect(name: str, folder: Path, database_url: str) -> bool:
    from queryflow_cli.furnishing import connect_folder
    from queryflow_cli.services import usable_database

    with usable_database():
        await connect_folder(name, folder, database_url)
    typer.echo(f"The engine connection {name} reads {folder}.")
    return True


def _print(dataset: Dataset, folder: Path) -> None:
    typer.echo(f"{folder}: data up to {dataset.end_date}")
    for table, rows in dataset.rows.items():
        typer.echo(f"  {table:<50} {rows:>12,} rows")
