"""Columns that the names of folders say of the files in them: `day=2026-11-22`. Pure.

Their types follow the rules for CSV (docs/folders.md): a type other than text only where nothing written is lost.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from urllib.parse import unquote

from queryflow.domain.files.column_types import DATE_SHAPE, OFFSET_SHAPE, TEXT, TIME_SHAPE, Kind, KindFacts, column_type
from queryflow.domain.storable import is_storable

NOTHING = "__HIVE_DEFAULT_PARTITION__"
"""What Hive and Spark write where the value is NULL."""
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.([0-9]+)")
_DATE = re.compile(DATE_SHAPE)
_TIME = re.compile(TIME_SHAPE)
_MOMENT = re.compile(f"{DATE_SHAPE}[ T]{TIME_SHAPE}")
_INSTANT = re.compile(f"{_MOMENT.pattern}{OFFSET_SHAPE}")
_TIMES: tuple[tuple[str, re.Pattern[str], Callable[[str], object]], ...] = (
    ("DATE", _DATE, date.fromisoformat),
    ("TIMESTAMP", _MOMENT, datetime.fromisoformat),
    ("TIMESTAMP WITH TIME ZONE", _INSTANT, datetime.fromisoformat),
    ("TIME", _TIME, time.fromisoformat),
)


def partition_of(folder: str) -> tuple[str, str | None] | None:
    """The column and the value that a folder's name says, as `day=2026-11-22`; None for another name, or one with NUL.

    `%20` and the like mean the character; the value is None where it is missing or Hive's word for NULL.
    """
    column, sign, value = folder.partition("=")
    if not column or not sign or not is_storable(unquote(folder)):
        return None
    return unquote(column), None if value in {"", NOTHING} else unquote(value)


def partition_type(values: Iterable[str | None]) -> str:
    """The type, in DuckDB's words, of a column with these values."""
    known = [value for value in values if value is not None]
    if known and all(value.lower() in {"true", "false"} for value in known):
        return "BOOLEAN"
    for type_, pattern, read in _TIMES:
        if known and all(pattern.fullmatch(value) and _is_read(read, value) for value in known):
            return type_
    return _number_type(known)


def _is_read(read: Callable[[str], object], value: str) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


def _number_type(values: list[str]) -> str:
    wholes = [value for value in values if _WHOLE.fullmatch(value)]
    decimals = [found for value in values if (found := _DECIMAL.fullmatch(value))]
    if len(wholes) + len(decimals) != len(values):
        return TEXT
    facts = {}
    if wholes:
        facts[Kind.WHOLE] = _whole_facts(wholes)
    if decimals:
        facts[Kind.DECIMAL] = _decimal_facts(decimals)
    return column_type(facts).type


def _whole_facts(values: list[str]) -> KindFacts:
    is_beyond = any(not -(2**63) <= int(value) < 2**63 for value in values)
    return KindFacts(len(values), values[0], _digits(values), beyond_64_bits=is_beyond)


def _decimal_facts(values: list[re.Match[str]]) -> KindFacts:
    fractions = [found[2] for found in values if found[2] != "0"]
    return KindFacts(
        count=len(values),
        example=values[0][0],
        integer_digits=_digits([found[1] for found in values]),
        fewest_fraction=min(map(len, fractions), default=None),
        most_fraction=max(map(len, fractions), default=None),
        has_bare_zero=len(fractions) < len(values),
        ends_in_zero=any(fraction.endswith("0") for fraction in fractions),
    )


def _digits(wholes: list[str]) -> int:
    return max(len(value.lstrip("-").lstrip("0")) for value in wholes)
