"""Starting and cancelling executions. The composer never waits for the executor: it stores the order and answers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from composer.freezing import Frozen
from composer.frozen_heads import FrozenHeads
from composer.orders import Order
from composer.references import CompositionReference
from composer.repository import executions as repository
from composer.repository.compositions import CompositionRecord, read_head
from composer.repository.engine_connections import EngineConnectionRecord, read_engine_connections
from composer.repository.executions import ExecutionRecord, RequestRecord
from composer.repository.versions import find_version, keep_version
from composer.usecases.checking import Examined, examine, examine_with, refuse_errors
from composer.usecases.compositions import find_in_use
from composer.wishes import ExecutionWish, Prepared, adapt, prepare, refuse_conditions, refuse_unavailable
from queryflow.domain.errors import Conflict, Invalid, NotFound, Problem
from queryflow.domain.ids import ExecutionId, PersonId, VersionHash, uuid7
from queryflow.domain.states import ExecutionState
from queryflow.messages.flow_execution import FlowExecutionCancelRequested, FlowExecutionRequested
from queryflow.runtime.crashpoints import crashpoint
from queryflow.runtime.telemetry import new_traceparent
from queryflow.runtime.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Start:
    """An execution that is about to be stored: who asked for what, as which execution."""

    composition: CompositionRecord
    order: Order
    execution_id: ExecutionId


@dataclass(frozen=True, slots=True)
class Chosen:
    """A version that can run, and the engine connections there are."""

    frozen: Frozen
    connections: Mapping[str, EngineConnectionRecord]


async def request_execution(
    transaction: Transaction, heads: FrozenHeads, reference: CompositionReference, order: Order
) -> ExecutionRecord:
    """Start a version of the composition; a repeated order finds the execution it started before.

    Raises NotFound, Conflict NOT_PUBLISHED, and Invalid with every problem (codes NOT_AVAILABLE,
    CONDITIONS_NOT_AVAILABLE, IDEMPOTENCY_KEY_REUSED, INVALID).
    """
    composition = await find_in_use(transaction, reference)
    start = Start(composition, order, ExecutionId(uuid7(transaction.now)))
    return await _earlier_execution(transaction, start) or await _start_execution(transaction, heads, start)


async def cancel_execution(transaction: Transaction, person: PersonId, execution_id: ExecutionId) -> ExecutionRecord:
    """Ask for the execution to end; asking again changes nothing. Conflict if it ended in another way before."""
    wished = await repository.wish_cancel(transaction.connection, execution_id, person)
    if wished is not None:
        event = FlowExecutionCancelRequested(execution_id=execution_id, composition_id=wished.composition_id)
        transaction.emit(event)
        return wished
    found = await repository.find_execution(transaction.connection, execution_id)
    if found is None:
        raise NotFound(f"There is no execution {execution_id}.")
    if found.state.final and found.state is not ExecutionState.CANCELLED:
        raise Conflict(f"The execution has ended: {found.state}.", code="EXECUTION_ENDED")
    return found


async def _earlier_execution(transaction: Transaction, start: Start) -> ExecutionRecord | None:
    """The execution that the same order started before; from here on the key is this order's if there is none."""
    if start.order.key is None:
        return None
    fingerprint = start.order.fingerprint(start.composition.composition_id)
    request = RequestRecord(start.order.key, fingerprint, start.execution_id)
    holder = await repository.claim_request(transaction.connection, start.order.person, request)
    if holder.body_hash != fingerprint:
        message = "This Idempotency-Key was used for another request within the last days; choose a new one."
        raise Invalid(message, code="IDEMPOTENCY_KEY_REUSED")
    if holder.execution_id == start.execution_id:
        return None
    return await repository.find_execution(transaction.connection, holder.execution_id)


async def _start_execution(transaction: Transaction, heads: FrozenHeads, start: Start) -> ExecutionRecord:
    connection, composition = transaction.connection, start.composition
    wish = start.order.wish
    refuse_unavailable(wish)
    chosen = await _choose(transaction, heads, composition, wish)
    frozen = chosen.frozen
    logical_date = wish.logical_date or _logical_date(transaction, chosen)
    # in a thread, for a long list is checked again for each node that takes it
    prepared, problems = await asyncio.to_thread(prepare, frozen.version, wish, logical_date)
    refuse_errors(f"{composition.composition_id} cannot be executed with these values.", problems)
    row = _row(start, frozen, prepared)
    if not await repository.store_execution(connection, row):
        await keep_version(connection, composition.id, frozen, start.order.person)
        await repository.store_execution(connection, row)
    crashpoint("composer.after_execution_insert")
    execution, key = start.execution_id, composition.composition_id
    transaction.emit(FlowExecutionRequested(execution_id=execution, composition_id=key))
    return ExecutionRecord(execution, key, frozen.hash, ExecutionState.REQUESTED, None)


async def _choose(
    transaction: Transaction, heads: FrozenHeads, composition: CompositionRecord, wish: ExecutionWish
) -> Chosen:
    """The version the wish names, adapted to it, if it can run."""
    version = _named_version(composition, wish.version)
    if version is None:
        return await _choose_head(transaction, heads, composition, wish)
    found = await find_version(transaction.connection, composition.composition_id, version)
    if found is None:
        raise NotFound(f"{composition.composition_id} has no version {version}.", code="VERSION_NOT_FOUND")
    flow = adapt(found.version.flow, wish)
    refuse_conditions(flow)
    if flow is found.version.flow:
        return await _choose_unchanged(transaction, found)
    kept = found.version
    return _chosen(await examine_with(transaction.connection, flow, kept.templates, kept.semantics))


async def _choose_head(
    transaction: Transaction, heads: FrozenHeads, composition: CompositionRecord, wish: ExecutionWish
) -> Chosen:
    """The head; if it was frozen before at this revision, that version, unless the wish changes it."""
    connections = await read_engine_connections(transaction.connection)
    engines = {name: record.frozen for name, record in connections.items()}
    frozen = heads.recall(composition.id, composition.revision, engines)
    if frozen is not None and adapt(frozen.version.flow, wish) is frozen.version.flow:
        return Chosen(frozen, connections)
    head = await read_head(transaction.connection, composition.id)
    flow = adapt(head.flow, wish)
    refuse_conditions(flow)
    chosen = _chosen(await examine(transaction.connection, flow))
    if flow is head.flow:
        heads.remember(head.record.id, head.record.revision, chosen.frozen)
    return chosen


def _chosen(examined: Examined) -> Chosen:
    return Chosen(examined.freeze(), examined.connections)


async def _choose_unchanged(transaction: Transaction, frozen: Frozen) -> Chosen:
    """A version was looked over when it was frozen; since then only its engine connections can have gone."""
    connections = await read_engine_connections(transaction.connection)
    problems = [
        Problem("UNKNOWN_CONNECTION", "connection", f"There is no engine connection {name} any more.")
        for name in frozen.version.connections
        if name not in connections
    ]
    refuse_errors("The version cannot run any more.", problems)
    return Chosen(frozen, connections)


def _named_version(composition: CompositionRecord, word: str) -> VersionHash | None:
    """The hash that the word stands for; None for the head."""
    if word == "published" and composition.published_version is None:
        message = f"{composition.composition_id} has no published version; publish one, or execute the head."
        raise Conflict(message, code="NOT_PUBLISHED")
    if word in {"auto", "published"}:
        return composition.published_version
    return None if word == "head" else VersionHash(word)


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
        "composition_id": start.composition.id,
        "composition_key": start.composition.composition_id,
        "version": frozen.hash,
        "trigger_kind": start.order.kind.value,
        "trigger_id": start.order.trigger_id,
        "schedule_id": start.order.schedule,
        "requested_by": start.order.person,
        "traceparent": new_traceparent(start.execution_id),
        **prepared.columns(),
    }
