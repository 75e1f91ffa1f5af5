"""Columns that the names of folders say of the files in them: `day=2026-11-22`. Pure.

Their types follow the rules for CSV (docs/files.md): a type other than text only where nothing written is lost.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from urllib.parse import unquote

NOTHING = "__HIVE_DEFAULT_PARTITION__"
"""What Hive and Spark write where the value is NULL."""
MOST_DIGITS = 38
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.([0-9]+)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
_MOMENT = re.compile(rf"{_DATE.pattern}[ T]{_TIME.pattern}")
_INSTANT = re.compile(rf"{_MOMENT.pattern}(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)")
_TIMES: tuple[tuple[str, re.Pattern[str], Callable[[str], object]], ...] = (
    ("DATE", _DATE, date.fromisoformat),
    ("TIMESTAMP", _MOMENT, datetime.fromisoformat),
    ("TIMESTAMP WITH TIME ZONE", _INSTANT, datetime.fromisoformat),
    ("TIME", _TIME, time.fromisoformat),
)


def partition_of(folder: str) -> tuple[str, str | None] | None:
    """The column and the value that a folder's name says, as `day=2026-11-22`; None for any other name.

    `%20` and the like mean the character; the value is None where it is missing or Hive's word for NULL.
    """
    column, sign, value = folder.partition("=")
    if not column or not sign:
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
    return _number_type(known) or "VARCHAR"


def _is_read(read: Callable[[str], object], value: str) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


def _number_type(values: list[str]) -> str | None:
    wholes = [value for value in values if _WHOLE.fullmatch(value)]
    decimals = [found for value in values if (found := _DECIMAL.fullmatch(value))]
    if not values or len(wholes) + len(decimals) != len(values):
        return None
    digits = max(len(value.lstrip("-")) for value in [*wholes, *(found[1] for found in decimals)])
    if not decimals:
        if all(-(2**63) <= int(value) < 2**63 for value in wholes):
            return "BIGINT"
        return f"DECIMAL({MOST_DIGITS},0)" if digits <= MOST_DIGITS else None
    fractions = {found[2] for found in decimals if found[2] != "0"}
    if len({len(fraction) for fraction in fractions}) > 1 and any(fraction.endswith("0") for fraction in fractions):
        return None  # 1.2 and 1.10 are versions rather than numbers
    scale = max((len(fraction) for fraction in fractions), default=1)
    return f"DECIMAL({max(18, digits + scale)},{scale})" if digits + scale <= MOST_DIGITS else None
