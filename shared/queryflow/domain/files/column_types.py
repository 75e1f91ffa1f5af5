"""Which type the column of a text file has, by facts about all of its values. The rules are in docs/folders.md.

Numbers, dates, times and booleans keep their type only where nothing of what was written gets lost; all else is text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from queryflow.domain.values.coercion import DATE_TEXT

TEXT = "VARCHAR"
DATE_SHAPE = DATE_TEXT.pattern
TIME_SHAPE = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
OFFSET_SHAPE = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
"""How files and the names of folders write dates, times and offsets; values of parameters are stricter."""
MOST_DIGITS = 38
"""Of a DECIMAL."""
_NARROW = 18
"""Digits of a DECIMAL that is kept in 64 bits."""
_LONGEST_SHOWN = 40


class Kind(StrEnum):
    """What a value is written like; a value is of the first kind that fits."""

    WHOLE = "whole"
    """`0`, `-12`"""
    DECIMAL = "decimal"
    """`0.49`, `-12.50`"""
    LEADING_ZERO = "leading_zero"
    """`007`, `00.5`"""
    PLUS = "plus"
    """`+5`"""
    EXPONENT = "exponent"
    """`1e5`"""
    DATE = "date"
    """`2026-11-22`"""
    TIMESTAMP = "timestamp"
    """`2026-11-22 10:30`, `2026-11-22T10:30:00.123456`"""
    TIMESTAMP_WITH_OFFSET = "timestamp_with_offset"
    """`2026-11-22T10:30:00Z`, `2026-11-22 10:30+02:00`"""
    TIME = "time"
    """`10:30`, `10:30:00.5`"""
    BOOLEAN = "boolean"
    """`true`, `FALSE`"""
    FORMATTED = "formatted"
    """A date as the declared `date_format` writes it."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class KindFacts:
    """What is known of a column's values of one kind."""

    count: int
    example: str
    integer_digits: int = 0
    """The most digits before the point, a lone zero not counted."""
    fewest_fraction: int | None = None
    """The fewest digits after the point, of values whose fraction is more than a bare `.0`."""
    most_fraction: int | None = None
    """The most of them."""
    has_bare_zero: bool = False
    """Whether a fraction is a bare `.0`."""
    ends_in_zero: bool = False
    """Whether a fraction that is more than a bare `.0` ends in a zero."""
    beyond_64_bits: bool = False
    """Whether a whole number is beyond 64 bits."""


Facts = Mapping[Kind, KindFacts]
"""Of all values of a column that are neither NULL nor empty."""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """The type of a column in DuckDB's words."""

    type: str
    reason: str = ""
    """Why it is text although values of it look like something else, as a sentence that ends open."""
    instead: str = ""
    """The type that may be declared instead."""
    how: str = ""
    """What else may be declared instead, as a sentence goes on."""


_SIMPLE = {
    Kind.DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.TIMESTAMP_WITH_OFFSET: "TIMESTAMP WITH TIME ZONE",
    Kind.TIME: "TIME",
    Kind.BOOLEAN: "BOOLEAN",
}
_PLAIN_NUMBERS = {Kind.WHOLE, Kind.DECIMAL}
_ODD_NUMBERS = {
    Kind.LEADING_ZERO: "has a zero before other digits",
    Kind.PLUS: "has a plus",
    Kind.EXPONENT: "has an exponent",
}
_SAID = {
    Kind.WHOLE: "a whole number",
    Kind.DECIMAL: "a number",
    Kind.LEADING_ZERO: "a number",
    Kind.PLUS: "a number",
    Kind.EXPONENT: "a number",
    Kind.DATE: "a date",
    Kind.TIMESTAMP: "a time of a day",
    Kind.TIMESTAMP_WITH_OFFSET: "a time with an offset",
    Kind.TIME: "a time",
    Kind.BOOLEAN: "true or false",
    Kind.FORMATTED: "a date as declared",
}


def column_type(facts: Facts, formatted: str = "DATE") -> ColumnType:
    """The column's type; `formatted` is the type that values of the declared date format have."""
    kinds = set(facts)
    if not kinds:
        return ColumnType(TEXT)
    if kinds <= _PLAIN_NUMBERS:
        return _number(facts)
    if kinds == {Kind.FORMATTED}:
        return ColumnType(formatted)
    if len(kinds) == 1 and (only := next(iter(kinds))) in _SIMPLE:
        return ColumnType(_SIMPLE[only])
    return _text(facts)


def notice(column: str, table: str, found: ColumnType) -> str | None:
    """What a person is told of a column that is text for a reason they may not expect."""
    if not found.reason:
        return None
    how = found.how or (f"declare types: {{{column}: {found.instead}}}" if found.instead else "declare its type")
    return f"{column} is text: {found.reason}. If that is not meant, {how} for the table {table} in tables.yaml."


def decimal_type(facts: Facts) -> ColumnType:
    """The type of plain numbers that holds every digit of them: BIGINT, else DECIMAL; text if neither can."""
    whole, decimal = facts.get(Kind.WHOLE), facts.get(Kind.DECIMAL)
    integer_digits = max(each.integer_digits for each in (whole, decimal) if each)
    scale = _scale(decimal)
    if integer_digits + scale > MOST_DIGITS:
        longest = max((each for each in (whole, decimal) if each), key=lambda each: each.integer_digits)
        reason = f"its numbers, such as {_shown(longest.example)}, need more than {MOST_DIGITS} digits together"
        return ColumnType(TEXT, reason, "DOUBLE")
    if decimal is None:
        return ColumnType("DECIMAL(38,0)" if whole and whole.beyond_64_bits else "BIGINT")
    return ColumnType(_decimal(integer_digits, scale))


def _number(facts: Facts) -> ColumnType:
    found, decimal = decimal_type(facts), facts.get(Kind.DECIMAL)
    if found.type == TEXT or decimal is None or not decimal.ends_in_zero:
        return found
    if decimal.fewest_fraction == decimal.most_fraction:
        return found
    reason = f"its fractions differ in length and one ends in a zero, as in {_shown(decimal.example)}"
    return ColumnType(TEXT, reason, found.type)


def _scale(decimal: KindFacts | None) -> int:
    if decimal is None:
        return 0
    return max(decimal.most_fraction or 0, int(decimal.has_bare_zero))


def _decimal(integer_digits: int, scale: int) -> str:
    return f"DECIMAL({_NARROW if integer_digits + scale <= _NARROW else MOST_DIGITS},{scale})"


def _text(facts: Facts) -> ColumnType:
    kinds = set(facts)
    if kinds <= _PLAIN_NUMBERS | set(_ODD_NUMBERS):
        odd = next(kind for kind in _ODD_NUMBERS if kind in kinds)
        return ColumnType(TEXT, f"{_shown(facts[odd].example)} {_ODD_NUMBERS[odd]}", _number_instead(kinds))
    strange = sum(facts[kind].count for kind in kinds & {Kind.OTHER})
    if strange * 10 > sum(each.count for each in facts.values()):
        return ColumnType(TEXT)
    most = max(kinds - {Kind.OTHER}, key=lambda kind: facts[kind].count)
    least = min(kinds - {most}, key=lambda kind: facts[kind].count)
    said = f", {_SAID[least]}," if least in _SAID else ""
    examples = f"as {_shown(facts[most].example)}, and {_shown(facts[least].example)}{said} is not"
    reason = f"most values are {_SAID[most]}, {examples}"
    return ColumnType(TEXT, reason)


def _number_instead(kinds: set[Kind]) -> str:
    return "DOUBLE" if Kind.EXPONENT in kinds else "DECIMAL(18,2)" if Kind.DECIMAL in kinds else "BIGINT"


def _shown(value: str) -> str:
    short = value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}…"
    return " ".join(short.split())
