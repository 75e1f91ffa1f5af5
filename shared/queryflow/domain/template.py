"""A template: parameterised SQL with declared inputs and outputs."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from queryflow.domain.ids import TEMPLATE_ID_PATTERN, TemplateId
from queryflow.domain.parameters import Parameter


class Dialect(StrEnum):
    """The SQL a template is written in."""

    AMC = "amc"
    DUCKDB = "duckdb"
    POSTGRESQL = "postgresql"
    TRINO = "trino"


class Output(BaseModel):
    """A column of the result; an unknown type is None, never a guess."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: str | None = None
    nullable: bool = True


class Chart(BaseModel):
    """A way to draw the result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: str = Field(pattern="^(line|bar|pie|scatter|table|heatmap|funnel|area|combo)$")
    config: dict[str, JsonValue] = Field(default_factory=dict)
    mapping: dict[str, JsonValue] = Field(default_factory=dict)
    is_default: bool = False


class Template(BaseModel):
    """One version of a template, whole, as a version of a flow freezes it; parameters and outputs keep their order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    template_id: TemplateId = Field(pattern=TEMPLATE_ID_PATTERN, max_length=100)
    name: str = Field(min_length=1, max_length=255)
    description: str = ""
    category: str = "general"
    dialect: Dialect
    sql: str = Field(min_length=1, max_length=262_144)
    parameters: tuple[Parameter, ...] = Field(default=(), max_length=1_000)
    outputs: tuple[Output, ...] = ()
    charts: tuple[Chart, ...] = ()
    tags: tuple[str, ...] = ()
    version: int = 1

    def parameter(self, name: str) -> Parameter | None:
        """The declared parameter of that name, if there is one."""
        return next((each for each in self.parameters if each.name == name), None)

    def output(self, name: str) -> Output | None:
        """The declared output column of that name, if there is one."""
        return next((each for each in self.outputs if each.name == name), None)

    def document(self) -> dict[str, Any]:
        """The template as JSON, for hashing and freezing."""
        return self.model_dump(mode="json")
