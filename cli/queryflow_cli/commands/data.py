"""data: makes sample data in a folder of one's own."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from queryflow_cli.samples import amc, flights
from queryflow_cli.samples.dataset import Dataset
from queryflow_cli.waiting import waiting

data = typer.Typer(help="Make sample data in a folder.", no_args_is_help=True)

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


def _print(dataset: Dataset, folder: Path) -> None:
    typer.echo(f"{folder}: data up to {dataset.end_date}")
    for table, rows in dataset.rows.items():
        typer.echo(f"  {table:<50} {rows:>12,} rows")
