"""The kinds of values columns and parameters have, and which fits which."""

from enum import StrEnum

from queryflow.domain.flow.flow import Binding, Reduce
from queryflow.domain.flow.semantics import NEWEST, Semantics
from queryflow.domain.values.parameters import ParameterType


class Kind(StrEnum):
    """What a column yields, or a parameter takes (of a list: each item)."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    LIST = "list"
    OTHER = "other"
    """Known, and nothing a parameter takes: a struct, an interval, bytes."""
    UNKNOWN = "unknown"


NUMERIC = frozenset({Kind.INTEGER, Kind.NUMBER})
WIDENED = frozenset({(Kind.INTEGER, Kind.NUMBER), (Kind.DATE, Kind.TIMESTAMP)})
"""What fits without a cast beside the same kind: an integer is a number, a date its first instant."""

COLUMN_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("VARCHAR", "TEXT", "STRING", "CHAR", "BPCHAR", "NVARCHAR", "ENUM"), Kind.STRING),
    **dict.fromkeys(
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "INT", "LONG", "SHORT", "BYTE"), Kind.INTEGER
    ),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "INT2", "INT4", "INT8"), Kind.INTEGER),
    **dict.fromkeys(
        ("DOUBLE", "FLOAT", "REAL", "DECIMAL", "NUMERIC", "DOUBLE PRECISION", "FLOAT4", "FLOAT8"), Kind.NUMBER
    ),
    **dict.fromkeys(("BOOLEAN", "BOOL", "LOGICAL"), Kind.BOOLEAN),
    "CHARACTER VARYING": Kind.STRING,
    "CHARACTER": Kind.STRING,
    "DATE": Kind.DATE,
    "DATETIME": Kind.TIMESTAMP,
}
"""By the engines' words, without what stands in parentheses."""

PARAMETER_KINDS: dict[ParameterType, Kind | None] = {
    ParameterType.STRING: Kind.STRING,
    ParameterType.INTEGER: Kind.INTEGER,
    ParameterType.NUMBER: Kind.NUMBER,
    ParameterType.BOOLEAN: Kind.BOOLEAN,
    ParameterType.DATE: Kind.DATE,
    ParameterType.TIMESTAMP: Kind.TIMESTAMP,
    ParameterType.DATE_RANGE: None,
    ParameterType.ENUM: Kind.STRING,
    ParameterType.THRESHOLD: Kind.NUMBER,
    ParameterType.PERCENTAGE: Kind.NUMBER,
    ParameterType.PATTERN: Kind.STRING,
    ParameterType.STRING_LIST: Kind.STRING,
    ParameterType.INTEGER_LIST: Kind.INTEGER,
    ParameterType.NUMBER_LIST: Kind.NUMBER,
    ParameterType.DATE_LIST: Kind.DATE,
    ParameterType.CAMPAIGN_LIST: Kind.STRING,
    ParameterType.ASIN_LIST: Kind.STRING,
}
"""None: no column can feed it."""


def column_kind(word: str | None) -> Kind:
    """The kind of a column by its engine's word, such as `DECIMAL(38,4)`; None is unknown, a strange word is other."""
    if word is None:
        return Kind.UNKNOWN
    name = " ".join(word.upper().split())
    if name.endswith("]") or name.startswith(("ARRAY", "LIST")):
        return Kind.LIST
    if name.startswith("TIMESTAMP"):
        return Kind.TIMESTAMP
    return COLUMN_KINDS.get(name.partition("(")[0].strip(), Kind.OTHER)


def bound_kind(binding: Binding, column: Kind, semantics: Semantics = NEWEST) -> Kind | None:
    """The kind of what a binding yields, after cast and reduce; None if the reduce cannot work on such values."""
    if semantics is Semantics.CAST_LAST:
        reduced = _reduced(binding.reduce, column)
        return Kind(binding.cast.value) if binding.cast and reduced else reduced
    return _reduced(binding.reduce, Kind(binding.cast.value) if binding.cast else column)


def fits(given: Kind, wanted: Kind) -> bool:
    """Whether the one is taken for the other without a cast."""
    return given is wanted or (given, wanted) in WIDENED


def _reduced(reduce: Reduce | None, column: Kind) -> Kind | None:
    if reduce is Reduce.COUNT:
        return Kind.INTEGER
    if reduce not in {Reduce.SUM, Reduce.AVG} or column is Kind.UNKNOWN:
        return column
    if column not in NUMERIC:
        return None
    return Kind.NUMBER if reduce is Reduce.AVG else column
