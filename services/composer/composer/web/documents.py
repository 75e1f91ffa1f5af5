"""Documents as bodies: flows and templates, in JSON or YAML, in both directions."""

import asyncio
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from composer.rules.preconditions import entity_tag
from composer.rules.stored_keys import without_keys
from queryflow.domain.errors import Invalid
from queryflow.domain.flow.flow import Flow
from queryflow.domain.flow.flow_file import flow_from_document
from queryflow.domain.flow.places import with_places
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.template_file import template_from_document
from queryflow.http.guard import JUDGED, LARGE_BYTES

YAML = "application/yaml"
AS_YAML: dict[int | str, dict[str, Any]] = {200: {"content": {YAML: {}}}}
"""What OpenAPI says of a good answer that can be had as a YAML file too."""
SMALL_BYTES = 4_096
"""Bodies below are read on the event loop: that takes a few milliseconds, whatever is wrong with them."""

STORED_KEYS = frozenset(
    {
        "id",
        "revision",
        "published_version",
        "created_by",
        "created_at",
        "updated_at",
        "execution_count",
        "last_executed_at",
        "problems",
    }
)
"""What answers add to a document. A document that is sent back may still have it; it is not read."""

Read = TypeVar("Read")


class DocumentFormat(StrEnum):
    """How a document is written."""

    JSON = "json"
    YAML = "yaml"


async def _choose_format(
    named: Annotated[DocumentFormat | None, Query(alias="format", description="json or yaml; else by Accept")] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> DocumentFormat:
    if named is not None:
        return named
    return DocumentFormat.YAML if YAML in accept else DocumentFormat.JSON


async def _read_flow(request: Request) -> Flow:
    return await _read_document(request, flow_from_document)


async def _read_template(request: Request) -> Template:
    return await _read_document(request, template_from_document)


AnswerFormat = Annotated[DocumentFormat, Depends(_choose_format)]
FlowBody = Annotated[Flow, Depends(_read_flow)]
TemplateBody = Annotated[Template, Depends(_read_template)]


def document_response(document: Mapping[str, Any], stored: BaseModel, revision: int, status: int = 200) -> Response:
    """The document with what its storing added, as JSON, under its entity tag."""
    content = {**document, **stored.model_dump(mode="json", exclude_unset=True)}
    return JSONResponse(content, status_code=status, headers={"ETag": entity_tag(revision)})


def yaml_response(file: str, revision: int) -> Response:
    """The document alone, as the YAML file it is."""
    return Response(file, media_type=YAML, headers={"ETag": entity_tag(revision)})


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI says of a body that is such a document."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    content = {kind: {"schema": schema} for kind in ("application/json", YAML)}
    return {"requestBody": {"required": True, "content": content}}


async def _read_document(request: Request, shape: Callable[[object], Read]) -> Read:
    body, judged = await request.body(), request.scope.get(JUDGED)
    if len(body) < SMALL_BYTES:
        return _shaped(body, shape)
    if len(body) < LARGE_BYTES or judged is None or judged.has_duplicates:
        # YAML, or JSON that has to be told where a key stands twice
        return await asyncio.to_thread(_shaped, body, shape)
    return await asyncio.to_thread(shape, without_keys(judged.document, STORED_KEYS))


def _shaped(body: bytes, shape: Callable[[object], Read]) -> Read:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Invalid("The body is not UTF-8.", code="INVALID_TEXT") from error
    return with_places(text, lambda document: shape(without_keys(document, STORED_KEYS)))
