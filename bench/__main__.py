"""`./queryflow bench [W1 …] [--json]`: every workload on both shapes and on the floor, in one run."""

import asyncio
import os
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import ours
from bench.floors.group_commit import run_floor
from bench.installation import Installation, installed
from bench.report import machine, print_figures, print_json
from bench.workloads import WORKLOADS, Timing, Workload
from queryflow.domain.errors import Refused
from queryflow_cli.servers.rabbitmq import NoRabbitMQ, delete_everything, find_programs, private_rabbit

Figures = dict[str, Any]
PREFIX = f"bench-{os.getpid()}."
OWN_DATABASE = {"QUERYFLOW_DATABASE_URL": "", "QUERYFLOW_AMQP_PREFIX": PREFIX}
"""Runs leave nothing behind in anybody's database or broker."""


def measure(asked: Sequence[str], *, runs: int, as_json: bool) -> None:
    """Measure the named workloads (all if none is named) and print the figures."""
    unknown = sorted(set(asked) - WORKLOADS.keys())
    if unknown:
        raise Refused(f"There is no workload {', '.join(unknown)}; there are {', '.join(WORKLOADS)}.")
    chosen = {name: WORKLOADS[name] for name in WORKLOADS if not asked or name in asked}
    figures = asyncio.run(_measure(chosen, runs))
    (print_json if as_json else print_figures)(figures)


async def _measure(chosen: Mapping[str, Workload], runs: int) -> Figures:
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="queryflow-bench-") as folder:
        with _broker(Path(folder)) as amqp_url:
            deployed = OWN_DATABASE | {"QUERYFLOW_AMQP_URL": amqp_url}
            async with installed(Path(folder, "deployed"), deployed) as installation:
                figures = await _deployed(installation, amqp_url, chosen, runs)
                facts = await machine(installation, load)
            await delete_everything(amqp_url, PREFIX)
        async with installed(Path(folder, "embedded"), OWN_DATABASE | {"QUERYFLOW_AMQP_URL": ""}) as installation:
            embedded = {name: await _ours(installation, name, each, runs) for name, each in chosen.items()}
    return figures | {"embedded": embedded} | facts


@contextmanager
def _broker(folder: Path) -> Iterator[str]:
    """The URL of the broker that the environment names, else of one that lives as long as the block."""
    named = os.environ.get("QUERYFLOW_AMQP_URL")
    if named:
        yield named
        return
    programs = find_programs()
    if programs is None:
        raise NoRabbitMQ("There is no RabbitMQ here: name one in QUERYFLOW_AMQP_URL, or install rabbitmq-server.")
    with private_rabbit(folder, programs) as node:
        yield node.url


async def _deployed(installation: Installation, amqp_url: str, chosen: Mapping[str, Workload], runs: int) -> Figures:
    figures: Figures = {}
    for name, workload in chosen.items():
        found = await _ours(installation, name, workload, runs)
        timings = [await run_floor(installation.database_url, amqp_url, workload) for _ in range(runs + 1)]
        floor = statistics.median(_values(workload, timings[1:]))
        ratio = found["median"] / floor
        figures[name] = found | {"floor": {"median": floor, "unit": workload.unit}, "ratio": ratio}
    return figures


async def _ours(installation: Installation, name: str, workload: Workload, runs: int) -> Figures:
    composition_id = await ours.prepare(installation, name, workload)
    await ours.run(installation, composition_id, workload)
    measured = [await ours.run(installation, composition_id, workload) for _ in range(runs)]
    values = _values(workload, [each.timing for each in measured])
    return {
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "unit": workload.unit,
        "runs": runs,
        "cpu_seconds_per_node": statistics.median(each.cpu_seconds for each in measured) / workload.nodes,
        "peak_memory_mb": installation.peak_memory_mb(),
    }


def _values(workload: Workload, timings: Sequence[Timing]) -> list[float]:
    return [workload.figure(timing) for timing in timings]
