"""Turning a combination of templates, an ordered list with shared values, into a composition."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from composer.access.transaction import Transaction
from composer.compositions.usecases import StoredComposition, create_composition
from composer.repository.templates import newest_versions, read_versions
from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow.template import Template
from queryflow.domain.ids import COMPOSITION_ID_PATTERN, CompositionId, ParameterName, TemplateId
from queryflow.schema.combinations import Combination, composition_of

MOST_TEMPLATES = 1_000


class CombinationDocument(BaseModel):
    """Templates that run one after the other with the same values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    composition_id: CompositionId = Field(pattern=COMPOSITION_ID_PATTERN, max_length=100)
    """The composition that it becomes."""
    name: str = Field(min_length=1, max_length=255)
    templates: list[TemplateId] = Field(min_length=1, max_length=MOST_TEMPLATES)
    """In the order in which they run; one may come twice."""
    parameters: dict[ParameterName, JsonValue] = Field(default_factory=dict)
    """The values that every template takes which declares a parameter of that name."""
    connection: str | None = None
    """The engine connection it runs on."""


async def create_from_combination(transaction: Transaction, document: CombinationDocument) -> StoredComposition:
    """Store the composition that does the same; Conflict if its id is taken."""
    templates = await _templates(transaction, document.templates)
    combination = Combination(document.composition_id, document.name, templates, document.parameters)
    flow = composition_of(combination).model_copy(update={"connection": document.connection})
    return await create_composition(transaction, flow)


async def _templates(transaction: Transaction, names: list[TemplateId]) -> list[Template]:
    newest = await newest_versions(transaction.connection, set(names))
    problems = [
        Problem("UNKNOWN_TEMPLATE", f"templates.{place}", f"There is no template {name[:100]}; save it first.")
        for place, name in enumerate(names)
        if name not in newest
    ]
    if problems:
        raise Invalid("The combination names templates that are not there.", problems)
    found = await read_versions(transaction.connection, list(newest.items()))
    return [found[name, newest[name]] for name in names]
