"""Runs a workload on an installation through its public API, and reads the times from the database."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from bench.installation import Installation
from bench.shapes import TEMPLATE, TEMPLATE_ID, document
from bench.workloads import Timing, Workload
from queryflow_cli.client.client import Client, open_client

POLL_SECONDS = 0.02
LONGEST_RUN_SECONDS = 300

_UNFINISHED = "SELECT count(*) FROM query_flow_executions WHERE id = ANY($1) AND finished_at IS NULL"
_STATES = "SELECT DISTINCT state FROM query_flow_executions WHERE id = ANY($1)"
_TIMES = """
SELECT e.requested_at, e.finished_at, min(n.first_started_at) AS first_started_at
FROM query_flow_executions e JOIN workflow_executions n ON n.composition_execution_id = e.id
WHERE e.id = ANY($1) GROUP BY e.id, e.requested_at, e.finished_at
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a workload: its times, and what it took of the machine."""

    timing: Timing
    cpu_seconds: float


async def prepare(installation: Installation, name: str, workload: Workload) -> str:
    """Save the workload's flow; answers with its id."""
    async with open_client(installation.url) as client:
        if TEMPLATE_ID not in await client.template_ids():
            await client.create_template(dict(TEMPLATE))
        flow = document(name, workload.shape)
        await client.save_composition(flow)
    return str(flow["composition_id"])


async def run(installation: Installation, composition_id: str, workload: Workload) -> Measured:
    """Run the workload once."""
    before = installation.cpu_seconds()
    async with open_client(installation.url) as client:
        connection = await asyncpg.connect(installation.database_url)
        try:
            ids: list[UUID] = []
            for _ in range(workload.runs_in_one):
                started = await _start(client, composition_id, workload.executions)
                await _end(connection, started)
                ids += started
            timing = _timing(await connection.fetch(_TIMES, ids))
        finally:
            await connection.close()
    return Measured(timing, installation.cpu_seconds() - before)


async def _start(client: Client, composition_id: str, executions: int) -> list[UUID]:
    ids = await asyncio.gather(*(client.execute(composition_id, {"version": "head"}) for _ in range(executions)))
    return [UUID(each) for each in ids]


async def _end(connection: asyncpg.Connection, ids: Sequence[UUID]) -> None:
    deadline = asyncio.get_running_loop().time() + LONGEST_RUN_SECONDS
    while await connection.fetchval(_UNFINISHED, ids):
        if asyncio.get_running_loop().time() > deadline:
            raise RuntimeError("a run did not end")
        await asyncio.sleep(POLL_SECONDS)
    states = [row["state"] for row in await connection.fetch(_STATES, ids)]
    if states != ["succeeded"]:
        raise RuntimeError(f"a run ended as {states}")


def _timing(rows: Sequence[asyncpg.Record]) -> Timing:
    first: datetime = min(row["requested_at"] for row in rows)
    last: datetime = max(row["finished_at"] for row in rows)
    starts = [(row["first_started_at"] - row["requested_at"]).total_seconds() for row in rows]
    return Timing((last - first).total_seconds(), starts)
