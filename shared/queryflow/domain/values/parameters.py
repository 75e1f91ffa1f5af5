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
    """The least value."""
    maximum: float | int | None = None
    """The greatest value."""
    minimum_items: int | None = None
    """The fewest items of a list."""
    maximum_items: int | None = None
    """The most items of a list."""
    maximum_length: int | None = None
    """The most characters of a text, or of each text of a list."""
    pattern: str | None = None
    """A regular expression (RE2) that is found in a text; ^ and $ around it mean all of the text."""
    one_of: tuple[JsonValue, ...] | None = None
    """The only values."""


class Parameter(BaseModel):
    """A declared input of a template."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ParameterName
    """The key it stands under."""
    type: ParameterType
    """What kind of value it takes."""
    required: bool = True
    """Whether it needs a value where it has no default."""
    default: JsonValue = None
    """The value where none is given."""
    label: str | None = None
    """What people call it."""
    help: str | None = None
    """What people should know to fill it."""
    rules: Rules = Field(default_factory=Rules)
    """What a value must satisfy besides."""
    empty: EmptyPolicy | None = None
    """What an empty list means to it: nothing, everything, or refused."""


Values = dict[str, Any]
"""Checked values by parameter, in Python's types: str, int, float or Decimal, bool, date, datetime, list of these."""
