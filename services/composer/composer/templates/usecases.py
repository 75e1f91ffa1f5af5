"""Saving and reading templates."""

import asyncio
from dataclasses import dataclass

from composer.access.transaction import Transaction
from composer.repository import templates as repository
from composer.repository.templates import StoredTemplate
from composer.rules.paging import Page, PageRequest, cut_page
from composer.rules.preconditions import Precondition
from composer.rules.storage_limits import template_storage_problems
from queryflow.domain.errors import Conflict, Invalid, NotFound, Problem, Severity
from queryflow.domain.flow.flow import Flow, Node
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.version import content_hash
from queryflow.domain.ids import TemplateId
from queryflow.sql.checks.outputs import infer_outputs
from queryflow.sql.checks.template_problems import template_problems


@dataclass(frozen=True, slots=True)
class SavedTemplate:
    """A template as it was stored, and what its author may want to know."""

    stored: StoredTemplate
    problems: list[Problem]


async def read_template(transaction: Transaction, template_id: TemplateId) -> StoredTemplate:
    """The newest version of the template."""
    return _found(await repository.find_template(transaction.connection, template_id), template_id)


async def list_templates(transaction: Transaction, request: PageRequest) -> Page[StoredTemplate]:
    """Templates in the order of their ids."""
    rows = await repository.list_templates(transaction.connection, request)
    return cut_page(rows, request.limit, key=lambda row: row.template.template_id)


async def create_template(transaction: Transaction, template: Template) -> SavedTemplate:
    """Store a new template as its first version; Conflict if the id is taken, Invalid if it could never run."""
    prepared, warnings = await _prepare(template.model_copy(update={"version": 1}))
    if not await repository.insert_template(transaction.connection, prepared, transaction.person):
        prepared = await _begin_again(transaction, prepared)
    await _append(transaction, prepared)
    return SavedTemplate(await read_template(transaction, template.template_id), warnings)


async def _begin_again(transaction: Transaction, template: Template) -> Template:
    """The template as the next version of one out of use, or of one that never had a text; Conflict if it is in use."""
    connection, template_id = transaction.connection, template.template_id
    if await repository.find_template(connection, template_id, lock=True) is not None:
        message = f"There is a template {template.template_id} already; save a new version of it with PUT."
        raise Conflict(message, code="TEMPLATE_EXISTS")
    return template.model_copy(update={"version": await repository.highest_version(connection, template_id) + 1})


async def change_template(transaction: Transaction, template: Template, precondition: Precondition) -> SavedTemplate:
    """Append a version that is offered from now on; compositions keep theirs. The same content appends nothing."""
    locked = await repository.find_template(transaction.connection, template.template_id, lock=True)
    stored = _found(locked, template.template_id)
    current = stored.template
    precondition.demand(current.version)
    prepared, warnings = await _prepare(template.model_copy(update={"version": current.version + 1}))
    if template_hash(prepared) not in {template_hash(current), template_hash(stored.shown)}:
        await _append(transaction, prepared)
    return SavedTemplate(await read_template(transaction, template.template_id), warnings)


async def import_templates(transaction: Transaction, flow: Flow) -> Flow:
    """Save the inline templates of a flow; the flow without them, its nodes pinned to what was saved.

    A text that is stored already is used as it is. Another text becomes the version that the flow's nodes name, or
    the next one if they name none; Conflict if the version they name has another text, for versions never change.
    """
    pins = {node.template: node.template_version for node in flow.nodes if node.template_version is not None}
    saved: dict[TemplateId, int] = {}
    for template_id, template in sorted(flow.templates.items()):  # all lock in one order
        saved[template_id] = await _import_template(transaction, template, pins.get(template_id))
    nodes = tuple(_pinned(node, saved.get(node.template)) for node in flow.nodes)
    return flow.model_copy(update={"templates": {}, "nodes": nodes})


def template_hash(template: Template) -> str:
    """The hash of what a template says, whatever its version number."""
    return content_hash({**template.document(), "version": None})


async def _import_template(transaction: Transaction, template: Template, named: int | None) -> int:
    connection, template_id = transaction.connection, template.template_id
    prepared, _ = await _prepare(template)
    content = template_hash(prepared)
    new = await repository.insert_template(connection, prepared, transaction.person)
    if not new:  # a second import of another text waits here, and sees what this one appended
        await repository.find_template(connection, template_id, lock=True)
    if named is not None:
        stored = (await repository.read_versions(connection, [(template_id, named)])).get((template_id, named))
        if stored is not None:
            return _same_text(stored, content)
    elif (equal := await repository.find_version_by_hash(connection, template_id, content)) is not None:
        return equal
    newest = 0 if new else await repository.highest_version(connection, template_id)
    placed = prepared.model_copy(update={"version": named or newest + 1})
    await repository.insert_version(connection, placed, content, transaction.person)
    if placed.version > newest:
        await repository.show_version(connection, placed, transaction.now)
    return placed.version


def _same_text(stored: Template, content: str) -> int:
    if template_hash(stored) == content:
        return stored.version
    message = (
        f"Version {stored.version} of the template {stored.template_id} is stored with another text. "
        "Remove the version (the part from @ on) in the nodes to save the text as a new version."
    )
    raise Conflict(message, code="TEMPLATE_DIFFERS")


async def _append(transaction: Transaction, template: Template) -> None:
    await repository.insert_version(transaction.connection, template, template_hash(template), transaction.person)
    await repository.show_version(transaction.connection, template, transaction.now)


async def _prepare(template: Template) -> tuple[Template, list[Problem]]:
    """The template as it is stored, and its warnings; in a thread, for a long SQL is read for seconds."""
    return await asyncio.to_thread(_read, template)


def _read(template: Template) -> tuple[Template, list[Problem]]:
    """The template with the outputs that its SQL proves where it declares none, and its warnings; Invalid on errors."""
    problems = [*template_storage_problems(template), *template_problems(template)]
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise Invalid(f"The template {template.template_id} could not run as it is.", problems)
    if template.outputs:
        return template, problems
    return template.model_copy(update={"outputs": infer_outputs(template)}), problems


def _pinned(node: Node, version: int | None) -> Node:
    if version is None or node.template_version is not None:
        return node
    return node.model_copy(update={"template_version": version})


def _found(stored: StoredTemplate | None, template_id: TemplateId) -> StoredTemplate:
    if stored is None:
        raise NotFound(f"There is no template {template_id}.")
    return stored
