"""Which type a column of JSON lines has: its values say themselves what they are."""

from collections.abc import Set
from enum import StrEnum

from queryflow.domain.files.column_types import MOST_DIGITS, TEXT, ColumnType, Facts, Kind, column_type, decimal_type

_TIMES = {Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_WITH_OFFSET, Kind.TIME, Kind.FORMATTED}


class Kinds(StrEnum):
    """What a value of JSON is, if it is not null."""

    TEXT = "texts"
    NUMBER = "numbers"
    BOOLEAN = "booleans"
    NESTED = "objects or lists"


def json_column_type(kinds: Set[str], facts: Facts, formatted: str = "DATE") -> ColumnType:
    """The column's type, by the kinds of its values and facts about what they are written like.

    Texts stay text, whatever they look like, except dates and times, which JSON can only write as texts.
    """
    if Kinds.NESTED in kinds:
        return ColumnType("JSON")
    if len(kinds) > 1:
        return ColumnType(TEXT, f"its values are {' and '.join(sorted(kinds))}")
    if kinds == {Kinds.BOOLEAN}:
        return ColumnType("BOOLEAN")
    if kinds == {Kinds.NUMBER}:
        return _number(facts)
    if len(facts) == 1 and set(facts) <= _TIMES:
        return column_type(facts, formatted)
    return ColumnType(TEXT)


def _number(facts: Facts) -> ColumnType:
    """Numbers of JSON have no form to keep: 1.10 is 1.1. One with too many digits for a DECIMAL makes them DOUBLE."""
    if Kind.EXPONENT in facts:
        return ColumnType("DOUBLE")
    found = decimal_type(facts)
    if found.type != TEXT:
        return found
    return ColumnType("DOUBLE" if Kind.DECIMAL in facts else TEXT, f"its numbers need more than {MOST_DIGITS} digits")
