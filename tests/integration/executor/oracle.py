"""What must hold of every execution that has ended, whatever happened on the way."""

from collections import Counter

from executor.repair.sweeper import REPAIRS
from queryflow.domain.ids import ExecutionId
from queryflow.messages.flow_execution import FlowExecutionFinished
from tests.integration.executor.rig import Rig

FINAL = {"succeeded", "reused", "failed", "timed_out", "cancelled", "skipped"}
ENDS = {f"node_{state}" for state in FINAL}


async def is_sound(rig: Rig, execution_id: ExecutionId) -> bool:
    """Every node ended once and told its children, counts agree, the end was said once, nothing is left over."""
    rows = await rig.owner.fetch("SELECT * FROM workflow_executions WHERE composition_execution_id = $1", execution_id)
    execution = await rig.owner.fetchrow("SELECT * FROM query_flow_executions WHERE id = $1", execution_id)
    assert execution is not None
    assert {row["state"] for row in rows} <= FINAL
    assert all(row["advanced"] and row["remaining_parents"] == 0 and row["lease_owner"] is None for row in rows)
    assert execution["open_sinks"] == 0
    assert execution["finished_at"] is not None
    assert await _json(rig, execution_id) == Counter(row["state"] for row in rows)
    assert not await rig.owner.fetchval("SELECT count(*) FROM engine_slots WHERE holder IS NOT NULL")
    ends = Counter(fact.node_id for fact in rig.facts(execution_id) if fact.fact in ENDS)
    assert ends == Counter(row["composition_node_id"] for row in rows)
    finished = [event for event in rig.said if isinstance(event, FlowExecutionFinished)]
    return len([event for event in finished if event.execution_id == execution_id]) == 1


def repairs() -> dict[str, float]:
    """What the sweepers of this process have mended so far, by kind."""
    return {str(sample.labels): sample.value for metric in REPAIRS.collect() for sample in metric.samples}


async def _json(rig: Rig, execution_id: ExecutionId) -> dict[str, int]:
    rows = await rig.owner.fetch(
        "SELECT key, value::text::int FROM query_flow_executions, jsonb_each(counts) WHERE id = $1", execution_id
    )
    return {row[0]: row[1] for row in rows}
