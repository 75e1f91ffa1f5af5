"""The figures as a table for people or one JSON object for programs."""

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import asyncpg
from rich import box
from rich.console import Console
from rich.table import Table

from bench.installation import Installation

PACKAGES = ("faststream", "aiormq", "asyncpg", "pydantic", "fastapi", "sqlalchemy", "uvloop")
COLUMNS = ("", "unit", "deployed", "min … max", "floor", "ratio", "embedded", "CPU ms", "MB")
LEGEND = (
    "Medians. deployed: four processes on RabbitMQ; embedded: one process. floor: the least that does the job, "
    "in the same minute; ratio: deployed to it. CPU ms: of our processes for each node, deployed. MB: peak memory."
)


async def machine(installation: Installation, load: float) -> dict[str, Any]:
    """What the figures were measured on; `load` is the machine's before anything of it began."""
    connection = await asyncpg.connect(installation.database_url)
    try:
        fsync = await connection.fetchval("SHOW fsync")
        server = await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()
    versions = {name: version(name) for name in PACKAGES} | {"python": platform.python_version(), "postgresql": server}
    facts = {"cores": os.cpu_count(), "fsync": fsync, "queue type": "quorum", "load before": round(load, 2)}
    return {"machine": facts, "versions": versions}


def print_json(figures: Mapping[str, Any]) -> None:
    """One JSON object on standard output."""
    print(json.dumps(figures, indent=2))


def print_figures(figures: Mapping[str, Any]) -> None:
    """A table, what its words mean, and what it was measured on."""
    console = Console()
    console.print(table_of(figures))
    console.print(LEGEND, style="dim")
    for part in ("machine", "versions"):
        console.print(", ".join(f"{name} {value}" for name, value in figures[part].items()), style="dim")


def table_of(figures: Mapping[str, Any]) -> Table:
    """A line for each workload; it fits into 80 columns."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in ("", "unit") else "right", no_wrap=True)
    for name, embedded in figures["embedded"].items():
        table.add_row(name, *_cells(figures[name], embedded))
    return table


def _cells(deployed: Mapping[str, Any], embedded: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        deployed["unit"],
        _short(deployed["median"]),
        f"{_short(deployed['min'])} … {_short(deployed['max'])}",
        _short(deployed["floor"]["median"]),
        f"{deployed['ratio']:.2f}",
        _short(embedded["median"]),
        f"{deployed['cpu_seconds_per_node'] * 1000:.2f}",
        f"{deployed['peak_memory_mb']:.0f}",
    )


def _short(figure: float) -> str:
    """Three digits that count, never an exponent."""
    return f"{figure:.0f}" if figure >= 100 else f"{figure:.3g}"
