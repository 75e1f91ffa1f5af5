"""Starting and cancelling executions. The composer never waits for the executor: it stores the order and answers."""

from composer.freezing import Frozen
from composer.frozen_heads import FrozenHeads
from composer.orders import Order
from composer.references import CompositionReference
from composer.repository import executions as repository
from composer.repository.compositions import CompositionRecord, read_head
from composer.repository.engine_connections import read_engine_connections
from composer.repository.executions import ExecutionRecord
from composer.repository.versions import find_version
from composer.usecases.accepting import Chosen, Start, Subject, earlier_execution, prepare_values, store
from composer.usecases.checking import Examined, examine, examine_with, refuse_errors, supplied
from composer.usecases.compositions import find_in_use
from composer.wishes import ExecutionWish, adapt, refuse_conditions, refuse_unavailable
from queryflow.domain.errors import Conflict, Invalid, NotFound, Problem
from queryflow.domain.ids import ExecutionId, PersonId, VersionHash
from queryflow.domain.states import ExecutionState
from queryflow.messages.flow_execution import FlowExecutionCancelRequested
from queryflow.runtime.transaction import Transaction


async def request_execution(
    transaction: Transaction, heads: FrozenHeads, reference: CompositionReference, order: Order
) -> ExecutionRecord:
    """Start a version of the composition; a repeated order finds the execution it started before.

    Raises NotFound, Conflict NOT_PUBLISHED, and Invalid with every problem (codes NOT_AVAILABLE,
    CONDITIONS_NOT_AVAILABLE, IDEMPOTENCY_KEY_REUSED, INVALID).
    """
    composition = await find_in_use(transaction, reference)
    subject = Subject(composition.composition_id, composition=composition.id)
    start = Start.of(transaction, subject, order)
    return await earlier_execution(transaction, start) or await _start(transaction, heads, start, composition)


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


async def _start(
    transaction: Transaction, heads: FrozenHeads, start: Start, composition: CompositionRecord
) -> ExecutionRecord:
    wish = start.order.wish
    refuse_unavailable(wish)
    chosen = await _choose(transaction, heads, composition, wish)
    _demand_connection(chosen, wish.connection)
    prepared, problems = await prepare_values(transaction, chosen, wish)
    refuse_errors(f"{composition.composition_id} cannot be executed with these values.", problems)
    return await store(transaction, start, chosen.frozen, prepared)


def _demand_connection(chosen: Chosen, name: str | None) -> None:
    """Raise Invalid if the run names an engine connection that is not there, also where every node has its own."""
    if name is not None and name not in chosen.connections:
        message = f"There is no engine connection {name}; make it, or name another for this run."
        problem = Problem("UNKNOWN_CONNECTION", "connection", message)
        raise Invalid("The run names an engine connection that does not exist.", [problem])


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
    return _chosen(await examine_with(transaction.connection, flow, kept.templates, kept.semantics), wish)


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
    chosen = _chosen(await examine(transaction.connection, flow), wish)
    if flow is head.flow:
        heads.remember(head.record.id, head.record.revision, chosen.frozen)
    return chosen


def _chosen(examined: Examined, wish: ExecutionWish) -> Chosen:
    return Chosen(supplied(examined, wish).freeze(), examined.connections)


async def _choose_unchanged(transaction: Transaction, frozen: Frozen) -> Chosen:
    """A version was looked over when it was frozen; since then only its engine connections can have gone."""
    chosen, problems = await as_it_is(transaction, frozen)
    refuse_errors("The version cannot run any more.", problems)
    return chosen


async def as_it_is(transaction: Transaction, frozen: Frozen) -> tuple[Chosen, list[Problem]]:
    """The version on the engine connections there are now, and those of its own that are gone."""
    connections = await read_engine_connections(transaction.connection)
    problems = [
        Problem("UNKNOWN_CONNECTION", "connection", f"There is no engine connection {name} any more.")
        for name in frozen.version.connections
        if name not in connections
    ]
    return Chosen(frozen, connections), problems


def _named_version(composition: CompositionRecord, word: str) -> VersionHash | None:
    """The hash that the word stands for; None for the head."""
    if word == "published" and composition.published_version is None:
        message = f"{composition.composition_id} has no published version; publish one, or execute the head."
        raise Conflict(message, code="NOT_PUBLISHED")
    if word in {"auto", "published"}:
        return composition.published_version
    return None if word == "head" else VersionHash(word)
