"""Accepting an execution, whatever it runs: in one transaction it is stored and said."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from composer.access.transaction import Transaction
from composer.repository import executions as repository
from composer.repository.compositions import find_composition
from composer.repository.engine_connections import EngineConnectionRecord
from composer.repository.executions import ExecutionRecord, RequestRecord
from composer.repository.versions import keep_version
from composer.rules.execution_requests import ExecutionRequest, Prepared, prepare
from composer.rules.freezing import Frozen
from composer.rules.triggers import Trigger
from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.ids import CompositionId, ExecutionId, WorkflowId, uuid7
from queryflow.domain.states import ExecutionState
from queryflow.messages.flow_execution import FlowExecutionRequested
from queryflow.process.failpoints import failpoint
from queryflow.process.telemetry import new_traceparent


@dataclass(frozen=True, slots=True)
class Subject:
    """What is executed: a composition, or a single query, saved or not."""

    key: CompositionId
    composition: UUID | None = None
    workflow: WorkflowId | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """An execution that is about to be stored: what was asked, as which execution."""

    subject: Subject
    trigger: Trigger
    execution_id: ExecutionId

    @classmethod
    def of(cls, transaction: Transaction, subject: Subject, trigger: Trigger) -> "Start":
        """The start of a new execution, by the transaction's clock."""
        return cls(subject, trigger, ExecutionId(uuid7(transaction.now)))


@dataclass(frozen=True, slots=True)
class Chosen:
    """A version that can run, and the engine connections there are."""

    frozen: Frozen
    connections: Mapping[str, EngineConnectionRecord]


async def earlier_execution(transaction: Transaction, start: Start) -> ExecutionRecord | None:
    """The execution that the same request started before; from here on the key is this trigger's if there is none."""
    if start.trigger.key is None:
        return None
    fingerprint = start.trigger.fingerprint(start.subject.key)
    request = RequestRecord(start.trigger.key, fingerprint, start.execution_id)
    holder = await repository.claim_request(transaction.connection, transaction.person, request)
    if holder.body_hash != fingerprint:
        message = "This Idempotency-Key was used for another request within the last days; choose a new one."
        raise Invalid(message, code="IDEMPOTENCY_KEY_REUSED")
    if holder.execution_id == start.execution_id:
        return None
    return await repository.find_execution(transaction.connection, holder.execution_id)


async def prepare_values(
    transaction: Transaction, chosen: Chosen, request: ExecutionRequest
) -> tuple[Prepared, list[Problem]]:
    """Values and windows, and what is wrong with the values; in a thread, for a list is checked for each node again."""
    logical_date = request.logical_date or _logical_date(transaction, chosen)
    return await asyncio.to_thread(prepare, chosen.frozen.version, request, logical_date)


async def store(transaction: Transaction, start: Start, frozen: Frozen, prepared: Prepared) -> ExecutionRecord:
    """Store the execution, with its version unless that is kept already, and say that it was requested."""
    row = {**_row(start, frozen, prepared), "requested_by": transaction.person}
    if not await repository.store_execution(transaction.connection, row):
        if (composition := start.subject.composition) is not None:  # locked first, as publishing does
            await find_composition(transaction.connection, composition, lock=True)
        await keep_version(transaction.connection, start.subject.composition, frozen, transaction.person)
        await repository.store_execution(transaction.connection, row)
    failpoint("composer.after_execution_insert")
    execution, key = start.execution_id, start.subject.key
    transaction.emit(FlowExecutionRequested(execution_id=execution, composition_id=key))
    return ExecutionRecord(execution, key, frozen.hash, ExecutionState.REQUESTED, None)


def _logical_date(transaction: Transaction, chosen: Chosen) -> date:
    """The last day that the data of the flow's engine connection covers, else today in the flow's time zone."""
    flow = chosen.frozen.version.flow
    used = chosen.connections.get(flow.connection or "")
    if used is not None and used.as_of is not None:
        return used.as_of
    return transaction.now.astimezone(ZoneInfo(flow.window.time_zone if flow.window else "UTC")).date()


def _row(start: Start, frozen: Frozen, prepared: Prepared) -> dict[str, Any]:
    return {
        "id": start.execution_id,
        "composition_id": start.subject.composition,
        "composition_key": start.subject.key,
        "workflow_id": start.subject.workflow,
        "version": frozen.hash,
        "trigger_kind": start.trigger.kind.value,
        "trigger_id": start.trigger.trigger_id,
        "schedule_id": start.trigger.schedule,
        "traceparent": new_traceparent(start.execution_id),
        **prepared.columns(),
    }
