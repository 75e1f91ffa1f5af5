"""What a schedule runs, and whether it fits: an execution would take the same version with the same values."""

from uuid import UUID

from composer.access.transaction import Transaction
from composer.compositions.checking import refuse_errors
from composer.compositions.usecases import find_in_use
from composer.executions.accepting import prepare_values
from composer.executions.usecases import as_it_is
from composer.repository.compositions import CompositionRecord
from composer.repository.versions import find_version
from composer.repository.workflows import WorkflowRecord
from composer.rules.cron import rhythm_problems
from composer.rules.execution_requests import ExecutionRequest, refuse_conditions
from composer.rules.references import read_reference
from composer.rules.schedule_definitions import ScheduleDefinition
from composer.workflows.usecases import read_workflow, workflow_problems
from queryflow.domain.errors import Conflict, Invalid, Problem, Refused
from queryflow.domain.ids import VersionHash, WorkflowId


async def demand_target(
    transaction: Transaction, definition: ScheduleDefinition, *, lock: bool = True
) -> dict[str, UUID]:
    """The column that says what it runs, locked if asked for.

    Raises NotFound, Invalid with every problem, or Conflict where an active schedule would find nothing published.
    """
    if definition.workflow_id is not None:
        workflow = await read_workflow(transaction, WorkflowId(definition.workflow_id), lock=lock)
        await _demand_sound_workflow(transaction, workflow, definition)
        return {"workflow_id": workflow.id}
    composition = await find_in_use(transaction, read_reference(definition.composition_id or ""), lock=lock)
    await _demand_sound(transaction, composition, definition)
    return {"composition_id": composition.id}


async def misfits(transaction: Transaction, definition: ScheduleDefinition) -> list[Problem]:
    """What keeps the schedule from starting an execution, were it due and switched on."""
    try:
        await demand_target(transaction, definition.model_copy(update={"is_active": True}), lock=False)
    except Invalid as refused:
        return list(refused.problems) or [Problem(refused.error_code, "", refused.message)]
    except Refused as refused:
        path = "version" if isinstance(refused, Conflict) else "composition_id"
        return [Problem(refused.error_code, path if definition.composition_id else "workflow_id", refused.message)]
    return []


async def _demand_sound_workflow(
    transaction: Transaction, workflow: WorkflowRecord, definition: ScheduleDefinition
) -> None:
    """Raise Invalid with every problem; one that is switched off need not be able to run."""
    problems = rhythm_problems(definition.cron, definition.time_zone)
    if definition.version != "published":
        message = "A workflow has no versions: it runs as it is saved when it is due; leave version out."
        problems.append(Problem("VERSION_NOT_FOUND", "version", message))
    if definition.is_active:
        problems += await workflow_problems(transaction, workflow, definition.parameters)
    refuse_errors("The schedule cannot be stored.", problems)


async def _demand_sound(
    transaction: Transaction, composition: CompositionRecord, definition: ScheduleDefinition
) -> None:
    problems = rhythm_problems(definition.cron, definition.time_zone)
    problems += await _version_problems(transaction, composition, definition)
    refuse_errors("The schedule cannot be stored.", problems)
    if definition.is_active and definition.version == "published" and composition.published_version is None:
        message = f"{composition.composition_id} has no published version to follow; publish one, or pin a version."
        raise Conflict(message, code="NOT_PUBLISHED")


async def _version_problems(
    transaction: Transaction, composition: CompositionRecord, definition: ScheduleDefinition
) -> list[Problem]:
    """Whether the version exists and could be executed with the values; NotAvailable if it has conditions."""
    followed = definition.version == "published"
    version = composition.published_version if followed else VersionHash(definition.version)
    if version is None:
        return []
    found = await find_version(transaction.connection, composition.composition_id, version)
    if found is None:
        message = f"{composition.composition_id} has no version {version}."
        return [Problem("VERSION_NOT_FOUND", "version", message)]
    refuse_conditions(found.version.flow)
    chosen, problems = await as_it_is(transaction, found)
    _, wrong = await prepare_values(transaction, chosen, ExecutionRequest(parameters=definition.parameters))
    return [*problems, *wrong]
