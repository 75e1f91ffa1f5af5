"""Values as typed literals of an engine's SQL. A literal is closed: nothing in a value can end it.

Strings are written with doubled quotes, and with `E'…'` around a backslash where the notation says so. Timestamps are
written in UTC without a zone, as AMC's and DuckDB's columns are.
"""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.storable import is_storable
from queryflow.domain.values.numbers import are_alike, decimal_shape, fits_a_decimal
from queryflow.domain.values.parameters import ParameterType
from queryflow.sql.notation import Notation

LONG = range(-(2**63), 2**63)
PATTERN_ESCAPE = "!"
"""What escapes `%` and `_` in patterns: a mark that no engine reads in any other way inside a string."""

KINDS: dict[ParameterType, str] = {
    ParameterType.STRING: "text",
    ParameterType.ENUM: "text",
    ParameterType.PATTERN: "text",
    ParameterType.STRING_LIST: "text",
    ParameterType.CAMPAIGN_LIST: "text",
    ParameterType.ASIN_LIST: "text",
    ParameterType.INTEGER: "integer",
    ParameterType.INTEGER_LIST: "integer",
    ParameterType.NUMBER: "number",
    ParameterType.THRESHOLD: "number",
    ParameterType.PERCENTAGE: "number",
    ParameterType.NUMBER_LIST: "number",
    ParameterType.BOOLEAN: "boolean",
    ParameterType.DATE: "date",
    ParameterType.DATE_LIST: "date",
    ParameterType.DATE_RANGE: "date",
    ParameterType.TIMESTAMP: "timestamp",
}
"""What one item of each parameter type is."""


def literal(value: Any, parameter_type: ParameterType, notation: Notation) -> str:
    """The value as SQL in that notation; None becomes a typed NULL, a list a typed array.

    Invalid (WRONG_VALUE) for what the type cannot hold: a NUL in text, integers beyond 64 bits, NaN, another type.
    """
    if value is None:
        return f"CAST(NULL AS {sql_type(parameter_type, notation)})"
    if parameter_type.is_list:
        return array(value, parameter_type, notation, element_of(value, parameter_type, notation))
    return item(value, parameter_type, notation)


def array(values: Any, parameter_type: ParameterType, notation: Notation, element: str) -> str:
    """The list as an array whose items are of the engine's type `element`."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise _wrong(f"A list was expected, not {_named(values)}.")
    written = ", ".join(_nullable_item(each, parameter_type, notation) for each in values)
    return f"CAST({notation.array}{written}] AS {element}[])"


def element_of(values: Any, parameter_type: ParameterType, notation: Notation) -> str:
    """The type of the items of a list that nobody gave a type to: of numbers the one that holds every digit."""
    if KINDS[parameter_type] == "number" and isinstance(values, Sequence):
        return _numbers_type(values, notation)
    return item_type(parameter_type, notation)


def item(value: Any, parameter_type: ParameterType, notation: Notation) -> str:
    """One value, never a list, as SQL of the engine."""
    write = WRITERS[KINDS[parameter_type]] if parameter_type is not ParameterType.ENUM else WRITERS[_kind_of(value)]
    return write(value, notation)


def plain_text(value: Any, parameter_type: ParameterType, notation: Notation) -> str:
    """One value as it stands inside a text; Invalid (WRONG_VALUE) for what the type cannot hold."""
    item(value, parameter_type, notation)
    return plain_text_of(value)


def plain_text_of(value: Any) -> str:
    """A value as it stands inside a text, by its own type: 7, 0.25, true, 2026-11-22, 2026-11-22 09:00:00 (UTC)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _utc(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def item_type(parameter_type: ParameterType, notation: Notation) -> str:
    """The engine's word for the type of one item: `VARCHAR`, `BIGINT` …"""
    return notation.types[KINDS[parameter_type]]


def sql_type(parameter_type: ParameterType, notation: Notation) -> str:
    """The engine's word for the type: `VARCHAR`, `BIGINT[]` …"""
    element = item_type(parameter_type, notation)
    return f"{element}[]" if parameter_type.is_list else element


def literal_of(value: Any, notation: Notation) -> str:
    """The value as SQL by its own Python type, where nothing declares one; None is plain NULL."""
    if value is None:
        return "NULL"
    return WRITERS[_kind_of(value)](value, notation)


def pattern_text(text: str, mode: str) -> str:
    """The text as a pattern of LIKE with ESCAPE '!': mode is exact, contains, prefix or suffix."""
    escaped = text
    for mark in (PATTERN_ESCAPE, "%", "_"):
        escaped = escaped.replace(mark, PATTERN_ESCAPE + mark)
    before = "%" if mode in {"contains", "suffix"} else ""
    after = "%" if mode in {"contains", "prefix"} else ""
    return before + escaped + after


def quote_name(name: str) -> str:
    """The name of a table or column, quoted."""
    if "\0" in name:
        raise _wrong("A name cannot contain the character NUL.")
    return '"' + name.replace('"', '""') + '"'


def text(value: Any, notation: Notation) -> str:
    """A string literal."""
    if not isinstance(value, str):
        raise _wrong(f"A text was expected, not {_named(value)}.")
    if not is_storable(value):
        raise _wrong("A text cannot contain the character NUL or half of a surrogate pair.")
    quoted = "'" + value.replace("'", "''") + "'"
    if notation.marks_escapes and "\\" in value:
        return "E" + quoted.replace("\\", "\\\\")
    return quoted


def integer(value: Any, notation: Notation) -> str:
    """A 64-bit integer; negative ones in parentheses, for `x -{{n}}` would else begin a comment."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(f"A whole number was expected, not {_named(value)}.")
    if value not in LONG:
        raise _wrong("A whole number must fit 64 bits.")
    return _signed(str(value))


def number(value: Any, notation: Notation) -> str:
    """A number: an integer, an exact decimal of at most 38 digits, or a double with all its digits."""
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, float):
        return _double(value, notation)
    return integer(value, notation)


def boolean(value: Any, notation: Notation) -> str:
    """TRUE or FALSE."""
    if not isinstance(value, bool):
        raise _wrong(f"true or false was expected, not {_named(value)}.")
    return "TRUE" if value else "FALSE"


def day(value: Any, notation: Notation) -> str:
    """A date."""
    if isinstance(value, datetime) or not isinstance(value, date):
        raise _wrong(f"A date was expected, not {_named(value)}.")
    return f"DATE '{value.isoformat()}'"


def instant(value: Any, notation: Notation) -> str:
    """A timestamp without a zone: an aware one in UTC, a naive one as it is."""
    if not isinstance(value, datetime):
        raise _wrong(f"A timestamp was expected, not {_named(value)}.")
    return f"TIMESTAMP '{_utc(value)}'"


WRITERS: dict[str, Callable[[Any, Notation], str]] = {
    "text": text,
    "integer": integer,
    "number": number,
    "boolean": boolean,
    "date": day,
    "timestamp": instant,
}


def _utc(value: datetime) -> str:
    utc = value if value.tzinfo is None else value.astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat(sep=" ")


def _numbers_type(values: Sequence[Any], notation: Notation) -> str:
    """The type that holds each of these numbers as it is, so that large integers and decimals keep each digit.

    Integers alone are 64-bit ones, decimals (and integers) one decimal type, all else doubles.
    """
    numbers = [each for each in values if each is not None]
    if not are_alike(numbers):
        raise _wrong("A list cannot hold all digits of these numbers together; round the longest of them.")
    if numbers and all(isinstance(each, int) for each in numbers):
        return notation.types["integer"]
    exact = [each for each in numbers if not isinstance(each, float)]
    return _decimal_type(exact) if numbers and len(exact) == len(numbers) else notation.types["number"]


def _decimal_type(numbers: Sequence[int | Decimal]) -> str:
    """The smallest decimal type with all their digits."""
    whole, places = decimal_shape(numbers)
    return f"DECIMAL({whole + places}, {places})"


def _nullable_item(value: Any, parameter_type: ParameterType, notation: Notation) -> str:
    return "NULL" if value is None else item(value, parameter_type, notation)


def _kind_of(value: Any) -> str:
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (Decimal, "number"),
        (datetime, "timestamp"),
        (date, "date"),
    )
    return next((kind for each, kind in kinds if isinstance(value, each)), "text")


def _decimal(value: Decimal) -> str:
    """The digits, as a decimal: without a point DuckDB would take them for an integer, of up to 128 bits."""
    if not value.is_finite() or not fits_a_decimal(value):
        raise _wrong("A number must be finite and have at most 38 digits.")
    written = format(value, "f")
    return _signed(written) if "." in written else f"CAST({written} AS {_decimal_type([value])})"


def _double(value: float, notation: Notation) -> str:
    if not math.isfinite(value):
        raise _wrong("A number must be finite.")
    if notation.casts_doubles:
        return f"CAST('{value!r}' AS {notation.types['number']})"
    written = repr(value)
    return _signed(written if "e" in written else f"{written}e0")


def _signed(written: str) -> str:
    return f"({written})" if written.startswith("-") else written


def _named(value: Any) -> str:
    return type(value).__name__


def _wrong(message: str) -> Invalid:
    return Invalid(message, (Problem("WRONG_VALUE", "", message),), code="WRONG_VALUE")
