"""What must hold of executions that have ended, whatever was killed, lost or repeated on the way."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import asyncpg

FINAL_NODES = {"succeeded", "reused", "failed", "timed_out", "cancelled", "skipped"}
FINAL_EXECUTIONS = {"succeeded", "partially_succeeded", "failed", "cancelled"}
OUTBOXES = ("composer_outbox", "executor_outbox", "scheduler_outbox")
SERVICES = ("composer", "executor", "scheduler", "status")

_NODES = "SELECT * FROM workflow_executions WHERE composition_execution_id = $1"
_EXECUTION = "SELECT * FROM query_flow_executions WHERE id = $1"
_SUCCESSES = """
SELECT n.composition_node_id, count(*) FROM workflow_executions n JOIN node_attempts a ON a.workflow_execution_id = n.id
WHERE n.composition_execution_id = $1 AND a.state = 'succeeded' GROUP BY 1
"""
_VERSION = (
    "SELECT v.document FROM composition_versions v JOIN query_flow_executions e ON e.version = v.hash WHERE e.id = $1"
)
_PROJECTED = "SELECT node_id, state, sequence FROM execution_node_states WHERE execution_id = $1"
_RUNS = "SELECT decision, execution_id, execution_state FROM schedule_runs WHERE schedule_id = $1"
_STARTED = "SELECT id, state FROM query_flow_executions WHERE schedule_id = $1"
_SUMMARY = "SELECT state, counts FROM execution_summaries WHERE execution_id = $1"


class Oracle:
    """Asks the database, and the folder of objects, whether the promises were kept."""

    def __init__(self, connection: asyncpg.Connection, objects: Path) -> None:
        self._connection = connection
        self._objects = objects

    async def ended(self, *execution_ids: UUID) -> bool:
        """Whether every execution is final."""
        states = [
            row["state"]
            for row in await self._rows("SELECT state FROM query_flow_executions WHERE id = ANY($1)", execution_ids)
        ]
        assert len(states) == len(execution_ids)
        return set(states) <= FINAL_EXECUTIONS

    async def check(self, execution_id: UUID) -> None:
        """Every promise about one ended execution; an AssertionError names the one that was broken."""
        nodes = await self._rows(_NODES, execution_id)
        execution = await self._connection.fetchrow(_EXECUTION, execution_id)
        assert execution is not None
        assert execution["state"] in FINAL_EXECUTIONS, execution["state"]
        assert {node["state"] for node in nodes} <= FINAL_NODES, Counter(node["state"] for node in nodes)
        assert execution["open_sinks"] == 0
        assert all(node["advanced"] and node["remaining_parents"] == 0 for node in nodes)
        await self._one_result_each(execution_id, nodes)
        await self._nobody_early(execution_id, nodes)

    async def status_agrees(self, execution_id: UUID) -> bool:
        """Whether status shows what the rows say; it may lag, so ask again."""
        nodes = await self._rows(_NODES, execution_id)
        projected = {row["node_id"]: row["state"] for row in await self._rows(_PROJECTED, execution_id)}
        assert projected == {node["composition_node_id"]: node["state"] for node in nodes}
        execution = await self._connection.fetchrow(_EXECUTION, execution_id)
        summary = await self._connection.fetchrow(_SUMMARY, execution_id)
        assert execution is not None
        assert summary is not None
        assert summary["state"] == execution["state"], (summary["state"], execution["state"])
        assert _counted(summary["counts"]) == _counted(execution["counts"])
        return True

    async def fired_once(self, schedule: UUID) -> UUID | None:
        """The one execution that answered the schedule's one due time, once the scheduler knows how it ended."""
        runs, started = await self._rows(_RUNS, schedule), await self._rows(_STARTED, schedule)
        assert (len(runs), len(started)) == (1, 1), (runs, started)
        (run,), (execution,) = runs, started
        assert run["decision"] == "fired"
        assert (run["execution_id"], run["execution_state"]) == (execution["id"], execution["state"]), (run, execution)
        found: UUID = execution["id"]
        return found

    async def nothing_left(self) -> bool:
        """Whether every message was said and no slot is held."""
        for table in OUTBOXES:
            left = await self._connection.fetchval(f"SELECT count(*) FROM {table}")
            assert left == 0, f"{left} rows in {table}"
        assert not await self._connection.fetchval("SELECT count(*) FROM engine_slots WHERE holder IS NOT NULL")
        return True

    async def dead_letters(self, *services: str) -> list[str]:
        """The reasons of messages that nobody could answer, of these services or of all."""
        unions = " UNION ALL ".join(f"SELECT reason FROM {each}_dead_letters" for each in services or SERVICES)
        return [row["reason"] for row in await self._rows(unions)]

    async def _one_result_each(self, execution_id: UUID, nodes: Sequence[asyncpg.Record]) -> None:
        """Each node that succeeded has one committed success and, on an engine with results, one whole result."""
        successes = {row[0]: row[1] for row in await self._rows(_SUCCESSES, execution_id)}
        assert successes == {node["composition_node_id"]: 1 for node in nodes if node["state"] == "succeeded"}
        for node in nodes:
            if node["state"] == "succeeded" and node["engine"] == "duckdb":
                result = self._objects / node["result_s3_path"]
                assert result.stat().st_size > 0
                assert result.with_suffix(".json").exists()

    async def _nobody_early(self, execution_id: UUID, nodes: Sequence[asyncpg.Record]) -> None:
        """No node started before its last parent ended, and none ran that a required parent forbade."""
        rows = {node["composition_node_id"]: node for node in nodes}
        document = await self._connection.fetchval(_VERSION, execution_id)
        flow = (json.loads(document) if isinstance(document, str) else document)["flow"]
        for connection in flow["connections"]:
            parent, child = rows[connection["from"]], rows[connection["to"]]
            if child["first_started_at"] is not None:
                assert parent["finished_at"] is not None
                assert child["first_started_at"] >= parent["finished_at"], (parent, child)

    async def _rows(self, statement: str, *values: object) -> Sequence[asyncpg.Record]:
        return await self._connection.fetch(statement, *values)


def _counted(counts: str) -> dict[str, int]:
    """The states that some node is in; a state that none is in any more may be said as 0 or not at all."""
    return {state: count for state, count in json.loads(counts).items() if count}
