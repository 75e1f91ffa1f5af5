"""The figures as a table for people or one JSON object for programs."""

import json
import os
import platform
from importlib.metadata import version
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table

from bench.installation import Installation

PACKAGES = ("faststream", "aio-pika", "asyncpg", "duckdb", "pydantic")


async def machine(installation: Installation) -> dict[str, Any]:
    """What the figures were measured on."""
    connection = await asyncpg.connect(installation.database_url)
    try:
        fsync = await connection.fetchval("SHOW fsync")
        server = await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()
    versions = {name: version(name) for name in PACKAGES} | {"python": platform.python_version(), "postgresql": server}
    return {"machine": {"cores": os.cpu_count(), "fsync": fsync, "queue type": "quorum"}, "versions": versions}


def print_json(figures: dict[str, Any]) -> None:
    """One JSON object on standard output."""
    print(json.dumps(figures, indent=2))


def print_figures(figures: dict[str, Any]) -> None:
    """A table: each workload deployed, embedded, and on the floor."""
    table = Table(title=f"{figures['machine']}  {figures['versions']}", title_justify="left")
    for column in ("workload", "deployed", "min … max", "floor", "ratio", "embedded", "CPU ms/node", "peak MB"):
        table.add_column(column, justify="right")
    for name, embedded in figures["embedded"].items():
        found = figures[name]
        table.add_row(
            name,
            f"{found['median']:.4g} {found['unit']}",
            f"{found['min']:.4g} … {found['max']:.4g}",
            f"{found['floor']['median']:.4g}",
            f"{found['ratio']:.2f}",
            f"{embedded['median']:.4g}",
            f"{found['cpu_seconds_per_node'] * 1000:.2f}",
            f"{found['peak_memory_mb']:.0f}",
        )
    Console().print(table)
