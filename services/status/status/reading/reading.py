"""Executions as people read them: never behind, for state, nodes and counts are read from the executor's own rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from queryflow.domain.errors import NotFound
from queryflow.domain.states import NodeState
from status.access.connections import Reader
from status.repository.executions import (
    ExecutionRecord,
    ExecutionsRequest,
    count_nodes,
    find_execution,
    list_executions,
)
from status.repository.nodes import NodeHistory, NodeRecord, find_node, list_nodes, read_flow_order, read_history
from status.repository.timeline import Moment, list_moments
from status.rules.paging import Place


@dataclass(frozen=True, slots=True)
class ExecutionNode:
    """A node of an execution with the template it uses."""

    template_id: str
    record: NodeRecord


@dataclass(frozen=True, slots=True)
class ExecutionDetail:
    """An execution and its nodes, in the order of the flow."""

    record: ExecutionRecord
    nodes: Sequence[ExecutionNode]


async def read_execution(reader: Reader, execution: UUID) -> ExecutionDetail:
    """The execution with its nodes; those of one that was not launched yet are pending. NotFound if there is none."""
    record = await demand_execution(reader, execution)
    rows = await list_nodes(reader.connection, execution)
    order = await read_flow_order(reader.connection, record.version)
    nodes = [ExecutionNode(template, rows.get(node_id) or NodeRecord(node_id)) for node_id, template in order]
    counts = Counter(node.record.state.value for node in nodes)
    return ExecutionDetail(replace(record, counts=counts), nodes)


async def read_node(reader: Reader, execution: UUID, node_id: str) -> tuple[ExecutionNode, NodeHistory]:
    """One node of the execution with what it sent and its tries; NotFound if there is none."""
    record = await demand_execution(reader, execution)
    order = dict(await read_flow_order(reader.connection, record.version))
    if node_id not in order:
        raise NotFound(f"The execution has no node {node_id}.", code="NODE_NOT_FOUND")
    found = await find_node(reader.connection, execution, node_id) or NodeRecord(node_id)
    return ExecutionNode(order[node_id], found), await read_history(reader.connection, execution, node_id)


async def read_executions(reader: Reader, request: ExecutionsRequest) -> list[ExecutionRecord]:
    """Executions with their counts, the newest first, one more than asked for if there are more."""
    records = await list_executions(reader.connection, request)
    running = [record.execution_id for record in records if not record.state.final]
    heard = await count_nodes(reader.connection, running) if running else {}
    return [_counted(record, heard.get(record.execution_id, {})) for record in records]


async def read_timeline(reader: Reader, execution: UUID, after: Place | None, limit: int) -> list[Moment]:
    """Facts about the execution's nodes after a place, one more than asked for if there are more."""
    await demand_execution(reader, execution)
    return await list_moments(reader.connection, execution, after, limit)


async def demand_execution(reader: Reader, execution: UUID) -> ExecutionRecord:
    """The execution without its nodes; NotFound if there is none."""
    record = await find_execution(reader.connection, execution)
    if record is None:
        raise NotFound(f"There is no execution {execution}.")
    return record


def _counted(record: ExecutionRecord, heard: Mapping[str, int]) -> ExecutionRecord:
    """The counts that were said at the end; before it those that were heard, and who said nothing is pending."""
    if record.counts:
        return record
    silent = (record.nodes or 0) - sum(heard.values())
    pending = {NodeState.PENDING.value: silent} if silent > 0 else {}
    return replace(record, counts={**heard, **pending})
