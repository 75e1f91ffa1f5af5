"""Starting and cancelling executions. The composer never waits for the executor: it stores the request and answers."""

from composer.access.transaction import Transaction
from composer.compositions.checking import Examined, examine, examine_with, refuse_errors, supplied
from composer.compositions.usecases import find_in_use
from composer.executions.accepting import Chosen, Start, Subject, earlier_execution, prepare_values, store
from composer.process.version_cache import VersionCache
from composer.repository import executions as repository
from composer.repository.compositions import CompositionRecord, read_head
from composer.repository.engine_connections import read_engine_connections
from composer.repository.executions import ExecutionRecord
from composer.repository.versions import find_version
from composer.rules.execution_requests import ExecutionRequest, adapt, refuse_conditions, refuse_unavailable
from composer.rules.freezing import Frozen
from composer.rules.references import CompositionReference
from composer.rules.triggers import Trigger
from queryflow.domain.errors import Conflict, Invalid, NotFound, Problem
from queryflow.domain.ids import ExecutionId, VersionHash
from queryflow.domain.states import ExecutionState
from queryflow.messages.flow_execution import FlowExecutionCancelRequested


async def request_execution(
    transaction: Transaction, version_cache: VersionCache, reference: CompositionReference, trigger: Trigger
) -> ExecutionRecord:
    """Start a version of the composition; a repeated request finds the execution it started before.

    Raises NotFound, Conflict NOT_PUBLISHED, and Invalid with every problem (codes NOT_AVAILABLE,
    CONDITIONS_NOT_AVAILABLE, IDEMPOTENCY_KEY_REUSED, INVALID).
    """
    composition = await find_in_use(transaction, reference)
    subject = Subject(composition.composition_id, composition=composition.id)
    start = Start.of(transaction, subject, trigger)
    return await earlier_execution(transaction, start) or await _start(transaction, version_cache, start, composition)


async def cancel_execution(transaction: Transaction, execution_id: ExecutionId) -> ExecutionRecord:
    """Ask for the execution to end; asking again changes nothing. Conflict if it ended in another way before."""
    requested = await repository.request_cancel(transaction.connection, execution_id, transaction.person)
    if requested is not None:
        event = FlowExecutionCancelRequested(execution_id=execution_id, composition_id=requested.composition_id)
        transaction.emit(event)
        return requested
    found = await repository.find_execution(transaction.connection, execution_id)
    if found is None:
        raise NotFound(f"There is no execution {execution_id}.")
    if found.state.final and found.state is not ExecutionState.CANCELLED:
        raise Conflict(f"The execution has ended: {found.state}.", code="EXECUTION_ENDED")
    return found


async def _start(
    transaction: Transaction, version_cache: VersionCache, start: Start, composition: CompositionRecord
) -> ExecutionRecord:
    request = start.trigger.request
    refuse_unavailable(request)
    chosen = await _choose(transaction, version_cache, composition, request)
    _demand_connection(chosen, request.connection)
    prepared, problems = await prepare_values(transaction, chosen, request)
    refuse_errors(f"{composition.composition_id} cannot be executed with these values.", problems)
    return await store(transaction, start, chosen.frozen, prepared)


def _demand_connection(chosen: Chosen, name: str | None) -> None:
    """Raise Invalid if the run names an engine connection that is not there, also where every node has its own."""
    if name is not None and name not in chosen.connections:
        message = f"There is no engine connection {name}; make it, or name another for this run."
        problem = Problem("UNKNOWN_CONNECTION", "connection", message)
        raise Invalid("The run names an engine connection that does not exist.", [problem])


async def _choose(
    transaction: Transaction, version_cache: VersionCache, composition: CompositionRecord, request: ExecutionRequest
) -> Chosen:
    """The version the request names, adapted to it, if it can run."""
    version = _named_version(composition, request.version)
    if version is None:
        return await _choose_head(transaction, version_cache, composition, request)
    found = await find_version(transaction.connection, composition.composition_id, version)
    if found is None:
        raise NotFound(f"{composition.composition_id} has no version {version}.", code="VERSION_NOT_FOUND")
    flow = adapt(found.version.flow, request)
    refuse_conditions(flow)
    if flow is found.version.flow:
        return await _choose_unchanged(transaction, found)
    kept = found.version
    return _chosen(await examine_with(transaction, flow, kept.templates, kept.semantics), request)


async def _choose_head(
    transaction: Transaction, version_cache: VersionCache, composition: CompositionRecord, request: ExecutionRequest
) -> Chosen:
    """The head; if it was frozen before at this revision, that version, unless the request changes it."""
    connections = await read_engine_connections(transaction.connection)
    engines = {name: record.frozen for name, record in connections.items()}
    frozen = version_cache.recall(composition.id, composition.revision, engines)
    if frozen is not None and adapt(frozen.version.flow, request) is frozen.version.flow:
        return Chosen(frozen, connections)
    head = await read_head(transaction.connection, composition.id)
    flow = adapt(head.flow, request)
    refuse_conditions(flow)
    chosen = _chosen(await examine(transaction, flow), request)
    if flow is head.flow:
        version_cache.remember(head.record.id, head.record.revision, chosen.frozen)
    return chosen


def _chosen(examined: Examined, request: ExecutionRequest) -> Chosen:
    return Chosen(supplied(examined, request).freeze(), examined.connections)


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
