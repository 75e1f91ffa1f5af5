"""A template: parameterised SQL with declared inputs and outputs."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from queryflow.domain.ids import TEMPLATE_ID_PATTERN, TemplateId
from queryflow.domain.values.parameters import Parameter


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
    """The key it stands under."""
    type: str | None = None
    """DuckDB's type; left out, it is unknown until the template has run."""
    nullable: bool = True
    """Whether values may be missing."""


class Chart(BaseModel):
    """A way to draw the result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """What people call it."""
    type: str = Field(pattern="^(line|bar|pie|scatter|table|heatmap|funnel|area|combo)$")
    """line, bar, pie, scatter, table, heatmap, funnel, area or combo."""
    config: dict[str, JsonValue] = Field(default_factory=dict)
    """Settings of its look."""
    mapping: dict[str, JsonValue] = Field(default_factory=dict)
    """Which column is what: `{x: day, y: sales}`."""
    is_default: bool = False
    """Whether it is shown first."""


class Template(BaseModel):
    """One version of a template, whole, as a version of a flow freezes it; parameters and outputs keep their order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    template_id: TemplateId = Field(pattern=TEMPLATE_ID_PATTERN, max_length=100)
    """The template's id: small letters, digits and _."""
    name: str = Field(min_length=1, max_length=255)
    """What people call it."""
    description: str = ""
    """What it answers."""
    category: str = "general"
    """The group it is listed in."""
    dialect: Dialect
    """The SQL it is written in: duckdb, or amc, which runs on DuckDB too."""
    sql: str = Field(min_length=1, max_length=262_144)
    """One query; `{{name}}` stands for the value of a parameter."""
    parameters: tuple[Parameter, ...] = Field(default=(), max_length=1_000)
    """Its inputs, by name."""
    outputs: tuple[Output, ...] = ()
    """The columns of its result, by name; left out, they are read from the SQL as far as that goes."""
    charts: tuple[Chart, ...] = ()
    """Ways to draw the result."""
    tags: tuple[str, ...] = ()
    """Words to find it by."""
    version: int = 1
    """Counted by the system."""

    def parameter(self, name: str) -> Parameter | None:
        """The declared parameter of that name, if there is one."""
        return next((each for each in self.parameters if each.name == name), None)

    def output(self, name: str) -> Output | None:
        """The declared output column of that name, if there is one."""
        return next((each for each in self.outputs if each.name == name), None)

    def document(self) -> dict[str, Any]:
        """The template as JSON, for hashing and freezing."""
        return self.model_dump(mode="json")
