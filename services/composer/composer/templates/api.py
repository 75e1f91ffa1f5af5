"""Templates over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel

from composer.repository.templates import StoredTemplate
from composer.rules.bounds import parameter_preview, preview
from composer.templates import usecases
from composer.templates.schemas import (
    OutputDocument,
    ParameterDocument,
    TemplateAnswer,
    TemplateDocument,
    TemplateStored,
)
from composer.templates.usecases import SavedTemplate
from composer.web.dependencies import IfMatch, InTransaction, Paging
from composer.web.documents import (
    AS_YAML,
    AnswerFormat,
    DocumentFormat,
    TemplateBody,
    body_of,
    document_response,
    yaml_response,
)
from queryflow.domain.errors import Invalid, NotFound, Problem
from queryflow.domain.flow.template import Dialect
from queryflow.domain.flow.template_file import template_to_document, write_template
from queryflow.domain.ids import TemplateId
from queryflow.http.app import new_router
from queryflow.http.refusals import refusals

router = new_router("/api/templates", "templates")

BODY = body_of(TemplateDocument)
LONGEST_ID = 100


class TemplateItem(BaseModel):
    """A template in a list: enough to choose and to connect it, without its SQL."""

    template_id: str
    id: UUID
    name: str
    description: str
    category: str
    dialect: Dialect
    version: int
    tags: list[str]
    parameters: dict[str, ParameterDocument]
    outputs: dict[str, OutputDocument]


class TemplatePage(BaseModel):
    """Some templates, and where the next ones begin."""

    items: list[TemplateItem]
    next_cursor: str | None


async def _read_template_id(template_id: str) -> TemplateId:
    if len(template_id) > LONGEST_ID:
        raise NotFound(f"There is no template {template_id[:LONGEST_ID]}.")
    return TemplateId(template_id)


TemplatePath = Annotated[TemplateId, Depends(_read_template_id)]


@router.get("", responses=refusals(422), summary="List templates")
async def list_templates(transaction: InTransaction, paging: Paging) -> TemplatePage:
    """Templates in the order of their ids."""
    page = await usecases.list_templates(transaction, paging)
    return TemplatePage(items=[_item(stored) for stored in page.items], next_cursor=page.next_cursor)


@router.post(
    "",
    status_code=201,
    response_model=TemplateAnswer,
    responses=refusals(409, 422),
    openapi_extra=BODY,
    summary="Save a new template",
)
async def create_template(transaction: InTransaction, template: TemplateBody) -> Response:
    """Store version 1 of a template; 409 if the id is taken, 422 with every problem if it could never run."""
    return _saved(await usecases.create_template(transaction, template), status=201)


@router.get(
    "/{template_id}", response_model=TemplateAnswer, responses=AS_YAML | refusals(404, 422), summary="Read a template"
)
async def read_template(transaction: InTransaction, template_id: TemplatePath, wanted: AnswerFormat) -> Response:
    """The newest version; as YAML it is the template file."""
    stored = await usecases.read_template(transaction, template_id)
    template = stored.shown
    if wanted is DocumentFormat.YAML:
        return yaml_response(write_template(template), template.version)
    return document_response(template_to_document(template), TemplateStored.of(stored), template.version)


@router.put(
    "/{template_id}",
    response_model=TemplateAnswer,
    responses=refusals(404, 412, 422, 428),
    openapi_extra=BODY,
    summary="Save a new version",
)
async def change_template(
    transaction: InTransaction, template_id: TemplatePath, template: TemplateBody, precondition: IfMatch
) -> Response:
    """Append a version; it is offered from now on, and compositions keep the one they have."""
    if template.template_id != template_id:
        message = f"The document is about {template.template_id}, the address about {template_id}."
        raise Invalid(message, [Problem("ANOTHER_TEMPLATE", "template_id", message)])
    return _saved(await usecases.change_template(transaction, template, precondition), status=200)


def _saved(saved: SavedTemplate, status: int) -> Response:
    template = saved.stored.shown
    stored = TemplateStored.of(saved.stored, saved.problems)
    return document_response(template_to_document(template), stored, template.version, status)


def _item(stored: StoredTemplate) -> TemplateItem:
    document: dict[str, Any] = template_to_document(stored.shown)
    shown = {"description": "", "category": "general", "parameters": {}, "outputs": {}, "tags": [], **document}
    shown["description"] = preview(shown["description"])
    shown["parameters"] = {name: parameter_preview(each) for name, each in shown["parameters"].items()}
    return TemplateItem.model_validate({**shown, "id": stored.id, "version": stored.template.version})
