"""Templates as requests and answers have them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue

from composer.repository.templates import StoredTemplate
from queryflow.domain.errors import Problem
from queryflow.domain.flow.template import Chart, Dialect
from queryflow.domain.values.parameters import EmptyPolicy, ParameterType, Rules


class ParameterDocument(BaseModel):
    """A declared input of a template."""

    type: ParameterType
    required: bool = True
    default: JsonValue = None
    label: str | None = None
    help: str | None = None
    rules: Rules | None = None
    empty: EmptyPolicy | None = None


class OutputDocument(BaseModel):
    """A column of a template's result; a type that is left out is unknown."""

    type: str | None = None
    nullable: bool = True


class TemplateText(BaseModel):
    """What a template says."""

    name: str
    description: str = ""
    category: str = "general"
    dialect: Dialect
    sql: str
    parameters: dict[str, ParameterDocument] = Field(default_factory=dict)
    outputs: dict[str, OutputDocument] = Field(default_factory=dict)
    charts: list[Chart] = Field(default_factory=list)
    tags: list[str] = Field(default_factory=list)


class TemplateDocument(TemplateText):
    """A template as a file has it."""

    queryflow: Literal[1]
    kind: Literal["template"]
    template_id: str


class TemplateStored(BaseModel):
    """What storing adds to a template's document."""

    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime
    problems: list[Problem] | None = None

    @classmethod
    def of(cls, stored: StoredTemplate, problems: list[Problem] | None = None) -> "TemplateStored":
        """What storing added; `problems` only in the answer to a change."""
        changed = {} if problems is None else {"problems": problems}
        return cls(
            id=stored.id,
            version=stored.template.version,
            created_at=stored.created_at,
            updated_at=stored.updated_at,
            **changed,
        )


class TemplateAnswer(TemplateDocument, TemplateStored):
    """A template as it is stored: its newest version."""
