"""The declared parameters of a template: their types and rules."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from queryflow.domain.ids import ParameterName


class ParameterType(StrEnum):
    """What kind of value a parameter takes."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    DATE_RANGE = "date_range"
    ENUM = "enum"
    THRESHOLD = "threshold"
    PERCENTAGE = "percentage"
    PATTERN = "pattern"
    STRING_LIST = "string_list"
    INTEGER_LIST = "integer_list"
    NUMBER_LIST = "number_list"
    DATE_LIST = "date_list"
    CAMPAIGN_LIST = "campaign_list"
    ASIN_LIST = "asin_list"

    @property
    def is_list(self) -> bool:
        """Whether values are lists."""
        return self.value.endswith("_list")


class EmptyPolicy(StrEnum):
    """What an empty list means to a parameter, when its author says so."""

    NOTHING = "nothing"
    EVERYTHING = "everything"
    REFUSED = "refused"


class Rules(BaseModel):
    """What a value must satisfy beside its type; None means no such rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum: float | int | None = None
    maximum: float | int | None = None
    minimum_items: int | None = None
    maximum_items: int | None = None
    maximum_length: int | None = None
    pattern: str | None = None
    one_of: tuple[JsonValue, ...] | None = None


class Parameter(BaseModel):
    """A declared input of a template."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ParameterName
    type: ParameterType
    required: bool = True
    default: JsonValue = None
    label: str | None = None
    help: str | None = None
    rules: Rules = Field(default_factory=Rules)
    empty: EmptyPolicy | None = None


Values = dict[str, Any]
"""Checked values by parameter, in Python's types: str, int, float or Decimal, bool, date, datetime, list of these."""
