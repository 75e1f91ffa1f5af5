"""The shapes of flow and template documents and of what storing adds to them, as OpenAPI describes them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from composer.repository.compositions import CompositionRecord
from composer.templates.schemas import TemplateText
from queryflow.domain.errors import Problem
from queryflow.domain.flow.flow import Binding, Layout, Retry, Window
from queryflow.domain.states import JoinRule
from queryflow.domain.values.parameters import ParameterType


class FlowParameterDocument(BaseModel):
    """A value that is asked for once and used by several nodes."""

    type: ParameterType
    default: JsonValue = None
    label: str | None = None


class NodeDocument(BaseModel):
    """A use of a template: `name`, or `name@3` for a version of it."""

    template: str
    parameters: dict[str, JsonValue] = Field(default_factory=dict, description="Literals, or {flow: name}")
    join: JoinRule = JoinRule.ALL_SUCCEEDED
    when: str | None = None
    retry: Retry | None = None
    timeout_seconds: int | None = None
    connection: str | None = None
    window: Window | None = None


class ConnectionDocument(BaseModel):
    """Joins two nodes and maps columns of the first to parameters of the second."""

    id: str
    source: str = Field(alias="from")
    target: str = Field(alias="to")
    required: bool = True
    map: dict[str, str | Binding] = Field(default_factory=dict, description="Per parameter: a column, or its binding")


class CompositionDocument(BaseModel):
    """A flow as a file has it."""

    queryflow: Literal[1]
    kind: Literal["composition"]
    composition_id: str
    name: str
    description: str | None = None
    tags: list[str] = Field(default_factory=list)
    connection: str | None = None
    window: Window | None = None
    parameters: dict[str, FlowParameterDocument] = Field(default_factory=dict)
    nodes: dict[str, NodeDocument] = Field(default_factory=dict)
    connections: list[ConnectionDocument] = Field(default_factory=list)
    layout: Layout | None = None
    templates: dict[str, TemplateText] = Field(default_factory=dict)


class CompositionStored(BaseModel):
    """What storing adds to a flow's document."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    revision: int
    published_version: str | None
    created_at: datetime
    updated_at: datetime
    execution_count: int
    last_executed_at: datetime | None
    problems: list[Problem] | None = None

    @classmethod
    def of(cls, record: CompositionRecord, problems: list[Problem] | None = None) -> "CompositionStored":
        """What storing added; `problems` only in the answer to a change."""
        stored = cls.model_validate(record)
        return stored if problems is None else stored.model_copy(update={"problems": problems})


class CompositionAnswer(CompositionDocument, CompositionStored):
    """A composition as it is stored: its head."""
