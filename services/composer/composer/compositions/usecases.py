"""Saving, reading, publishing and retiring compositions."""

from dataclasses import dataclass
from uuid import UUID

from composer.access.transaction import Transaction
from composer.compositions.checking import Examined, examine, refuse_errors
from composer.repository import compositions as repository
from composer.repository.compositions import CompositionRecord
from composer.repository.schedules import has_active_schedule
from composer.repository.templates import newest_versions, read_versions
from composer.repository.versions import keep_version
from composer.rules.flow_rows import FlowRows, rows_of
from composer.rules.freezing import Frozen
from composer.rules.paging import Page, PageRequest, cut_page
from composer.rules.pinning import pin_templates, pins_of
from composer.rules.preconditions import Precondition
from composer.rules.references import CompositionReference
from composer.rules.storage_limits import flow_storage_problems
from composer.templates.usecases import import_templates
from queryflow.domain.errors import Conflict, Invalid, NotFound, Problem
from queryflow.domain.flow.flow import Flow
from queryflow.domain.ids import TemplateId
from queryflow.messages.composition import CompositionDeleted, CompositionPublished, CompositionSaved
from queryflow.process.failpoints import failpoint


@dataclass(frozen=True, slots=True)
class StoredComposition:
    """A composition, whole; `problems` is None where nobody looked for them."""

    record: CompositionRecord
    flow: Flow
    problems: list[Problem] | None = None


async def list_compositions(transaction: Transaction, request: PageRequest) -> Page[CompositionRecord]:
    """Compositions in use, in the order of their ids."""
    rows = await repository.list_compositions(transaction.connection, request)
    return cut_page(rows, request.limit, key=lambda row: row.composition_id)


async def read_composition(transaction: Transaction, reference: CompositionReference) -> StoredComposition:
    """The head of the composition."""
    found = await find_in_use(transaction, reference)
    head = await repository.read_head(transaction.connection, found.id)
    return StoredComposition(head.record, head.flow)


async def inline_templates(transaction: Transaction, flow: Flow) -> Flow:
    """The flow with the text of every template it uses, so that its document needs nothing else."""
    found = await read_versions(transaction.connection, pins_of(flow))
    return flow.model_copy(update={"templates": {template: text for (template, _), text in found.items()}})


async def create_composition(transaction: Transaction, flow: Flow) -> StoredComposition:
    """Store a new composition; Conflict if the id is taken. An id that was taken out of use begins again."""
    prepared, rows = await _prepare(transaction, flow)
    record = await repository.insert_composition(transaction.connection, flow.composition_id, rows, transaction.person)
    if record is None:
        record = await _begin_again(transaction, flow, rows)
    return await _finish_save(transaction, StoredComposition(record, prepared), rows)


async def replace_composition(
    transaction: Transaction, reference: CompositionReference, change: tuple[Flow, Precondition]
) -> StoredComposition:
    """Replace the head, if it is as expected; the published version stays what it is."""
    flow, precondition = change
    record = await find_in_use(transaction, reference, lock=True)
    precondition.demand(record.revision)
    _demand_same_id(record, flow)
    prepared, rows = await _prepare(transaction, flow)
    written = await repository.change_composition(transaction.connection, record.id, rows, transaction.person)
    return await _finish_save(transaction, StoredComposition(written, prepared), rows)


async def delete_composition(
    transaction: Transaction, reference: CompositionReference, precondition: Precondition
) -> None:
    """Take the composition out of use; Conflict while a schedule runs it. Its executions stay."""
    record = await find_in_use(transaction, reference, lock=True)
    precondition.demand(record.revision)
    if await has_active_schedule(transaction.connection, composition=record.id):
        message = "Active schedules run this composition; switch them off or delete them first."
        raise Conflict(message, code="HAS_ACTIVE_SCHEDULES")
    await repository.retire_composition(transaction.connection, record.id, transaction.person)
    transaction.emit(
        CompositionDeleted(composition_id=record.composition_id, by=transaction.person, at=transaction.now)
    )


async def validate_composition(transaction: Transaction, reference: CompositionReference) -> list[Problem]:
    """Everything that is wrong with the head, all at once."""
    record = await find_in_use(transaction, reference)
    return (await examine_head(transaction, record.id)).problems


async def publish_composition(
    transaction: Transaction, reference: CompositionReference, precondition: Precondition
) -> Frozen:
    """Freeze the head and point at it; Invalid with every problem if it could not run."""
    record = await find_in_use(transaction, reference, lock=True)
    precondition.demand(record.revision)
    frozen = (await examine_head(transaction, record.id)).freeze()
    await keep_version(transaction.connection, record.id, frozen, transaction.person)
    await repository.publish_version(transaction.connection, record.id, frozen.hash, transaction.person)
    failpoint("composer.after_publish")
    transaction.emit(
        CompositionPublished(
            composition_id=record.composition_id, version=frozen.hash, by=transaction.person, at=transaction.now
        )
    )
    return frozen


async def find_in_use(
    transaction: Transaction, reference: CompositionReference, *, lock: bool = False
) -> CompositionRecord:
    """The composition; NotFound if there is none in use."""
    record = await repository.find_composition(transaction.connection, reference, lock=lock)
    if record is None or not record.is_active:
        raise NotFound(f"There is no composition {reference}.")
    return record


async def examine_head(transaction: Transaction, composition: UUID) -> Examined:
    """Look the head over as it is stored."""
    head = await repository.read_head(transaction.connection, composition)
    return await examine(transaction, head.flow)


async def _prepare(transaction: Transaction, flow: Flow) -> tuple[Flow, FlowRows]:
    """The flow as the tables will hold it, with its rows; Invalid if they cannot."""
    known = flow.templates.keys() | (await _newest(transaction, flow)).keys()
    refuse_errors(f"The flow {flow.composition_id} cannot be stored.", flow_storage_problems(flow, known))
    imported = await import_templates(transaction, flow)
    pinned = pin_templates(imported, await _newest(transaction, imported))
    return pinned, rows_of(pinned)


async def _newest(transaction: Transaction, flow: Flow) -> dict[TemplateId, int]:
    return await newest_versions(transaction.connection, {node.template for node in flow.nodes})


async def _begin_again(transaction: Transaction, flow: Flow, rows: FlowRows) -> CompositionRecord:
    taken = await repository.find_composition(transaction.connection, flow.composition_id, lock=True)
    if taken is None or taken.is_active:
        message = f"There is a composition {flow.composition_id} already; change it with PUT, or choose another id."
        raise Conflict(message, code="COMPOSITION_EXISTS")
    return await repository.change_composition(transaction.connection, taken.id, rows, transaction.person)


async def _finish_save(transaction: Transaction, saved: StoredComposition, rows: FlowRows) -> StoredComposition:
    await repository.write_parts(transaction.connection, saved.record.id, rows)
    failpoint("composer.after_save")
    transaction.emit(
        CompositionSaved(composition_id=saved.record.composition_id, by=transaction.person, at=transaction.now)
    )
    examined = await examine(transaction, saved.flow)
    beyond = [problem for problem in examined.problems if problem.code == "BEYOND_64_BITS"]
    refuse_errors(f"The flow {saved.flow.composition_id} holds integers that nothing can run with.", beyond)
    return StoredComposition(saved.record, saved.flow, examined.problems)


def _demand_same_id(record: CompositionRecord, flow: Flow) -> None:
    if flow.composition_id != record.composition_id:
        message = f"The document is about {flow.composition_id}, the address about {record.composition_id}."
        raise Invalid(message, [Problem("ANOTHER_COMPOSITION", "composition_id", message)])
