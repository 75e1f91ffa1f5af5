"""bench: the workloads of docs/performance.md, measured on this machine beside their floors."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from queryflow.domain.errors import Refused
from queryflow_cli.commands.options import Json

CHECKOUT = Path(__file__).resolve().parents[3]


def bench(
    workloads: Annotated[
        list[str] | None, typer.Argument(metavar="[W1 …]", help="Which; all if none is named.")
    ] = None,
    runs: Annotated[int, typer.Option(help="How often each is measured, after one warm-up.", min=1, max=100)] = 3,
    as_json: Json = False,
) -> None:
    """Measure the workloads through RabbitMQ with separate processes, and embedded."""
    if not (CHECKOUT / "bench").is_dir():
        raise Refused("The workloads are part of the source checkout, not of the installed package.")
    sys.path.insert(0, str(CHECKOUT))
    from bench.__main__ import measure

    measure(workloads or [], runs=runs, as_json=as_json)
