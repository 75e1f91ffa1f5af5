"""A JSON value becomes a Python value of a parameter's type, or a sentence why it cannot.

Nothing is guessed: `"5"` is no integer, `true` is no number, `5.0` is no integer, and a string keeps its leading zeros.
What an engine returned (date, datetime, Decimal) passes unchanged where it fits. Dates are ISO dates; words such as
`yesterday` belong to the flow's window, not to values, so that a stored value always means the same day.
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from queryflow.domain.storable import is_storable
from queryflow.domain.values.numbers import (
    LARGEST_INTEGER,
    MOST_DIGITS,
    SMALLEST_INTEGER,
    Number,
    fits_a_decimal,
    number_of_text,
    wide_integer,
)
from queryflow.domain.values.parameters import ParameterType

PATTERN_MODES = ("exact", "contains", "prefix", "suffix")
ASIN = re.compile(r"[A-Z0-9]{10}")
DATE_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIME_TEXT = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6}0*)?)?"
"""Without 24:00, which Python takes from version 3.14 on, and with no more than microseconds."""
OFFSET_TEXT = r"(Z|[+-]([01][0-9]|2[0-3])(:[0-5][0-9])?)"
TIMESTAMP_TEXT = re.compile(rf"{DATE_TEXT.pattern}[T ]{TIME_TEXT}{OFFSET_TEXT}?")


class WrongValue(ValueError):
    """The value does not fit its type; the message completes the sentence `… is …`."""

    code = "WRONG_TYPE"


class Beyond64Bits(WrongValue):
    """An integer that no engine's integers hold."""

    code = "BEYOND_64_BITS"


def element_type(parameter_type: ParameterType) -> ParameterType:
    """The type of a list's items; a scalar type is its own."""
    return ELEMENTS.get(parameter_type, parameter_type)


def coerce(parameter_type: ParameterType, value: object) -> Any:
    """The value as Python holds it; raises WrongValue. Lists go item by item: see `element_type`."""
    return COERCERS[parameter_type](value)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise WrongValue(
            f"{_named(value)}, not a string{'; put it in quotes' if isinstance(value, int | float) else ''}"
        )
    if not is_storable(value):
        raise WrongValue("a string with a character that no engine stores (NUL, or half a surrogate pair)")
    return value


def _integer(value: object) -> int:
    number = number_of_text(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int):
        raise WrongValue(f"{_named(value)}, not an integer")
    if not SMALLEST_INTEGER <= number <= LARGEST_INTEGER:
        raise Beyond64Bits(f"beyond 64 bits ({SMALLEST_INTEGER} to {LARGEST_INTEGER})")
    return number


def _number(value: object) -> Number:
    number = number_of_text(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float | Decimal):
        raise WrongValue(f"{_named(value)}, not a number")
    if isinstance(number, int):
        return number if SMALLEST_INTEGER <= number <= LARGEST_INTEGER else _wide(number)
    if not math.isfinite(number):
        raise WrongValue("not a finite number")
    if isinstance(number, Decimal) and not fits_a_decimal(number):
        raise WrongValue(f"a number of more than {MOST_DIGITS} digits")
    return number


def _wide(number: int) -> float | Decimal:
    held = wide_integer(number)
    if held is None:
        raise WrongValue(f"a whole number of more than {MOST_DIGITS} digits")
    return held


def _percentage(value: object) -> Number:
    number = _number(value)
    if not 0 <= number <= 100:
        raise WrongValue(f"{number}, not a percentage from 0 to 100")
    return number


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise WrongValue(f"{_named(value)}, not true or false")
    return value


def _date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and DATE_TEXT.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise WrongValue(f"{value}, a day that no calendar has") from None
    raise WrongValue(f"{_named(value)}, not a date such as 2026-11-22")


def _timestamp(value: object) -> datetime:
    """An instant in UTC; without an offset it is taken as UTC, and a date as its first instant."""
    try:
        moment = _moment(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongValue(f"{_named(value)}, not a timestamp such as 2026-11-22T09:00:00Z") from None


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and TIMESTAMP_TEXT.fullmatch(value):
        return datetime.fromisoformat(value)
    return datetime.combine(_date(value), datetime.min.time())


def _date_range(value: object) -> dict[str, date]:
    if not isinstance(value, dict) or set(value) != {"start", "end"}:
        raise WrongValue('not a range such as {"start": "2026-11-01", "end": "2026-12-01"} (the end is exclusive)')
    start, end = _date(value["start"]), _date(value["end"])
    if end <= start:
        raise WrongValue("a range whose end is not after its start; the end is exclusive")
    return {"start": start, "end": end}


def _pattern(value: object) -> dict[str, str]:
    """What a text must look like; a bare text is meant exactly, which matches least."""
    if isinstance(value, str):
        return {"mode": "exact", "text": _string(value)}
    if not isinstance(value, dict) or set(value) != {"mode", "text"} or value["mode"] not in PATTERN_MODES:
        raise WrongValue(
            f'not a pattern such as {{"mode": "contains", "text": "fall"}} (modes: {", ".join(PATTERN_MODES)})'
        )
    return {"mode": value["mode"], "text": _string(value["text"])}


def _campaign(value: object) -> str:
    campaign = _string(value)
    if not campaign.strip():
        raise WrongValue("empty, not a campaign")
    return campaign


def _asin(value: object) -> str:
    asin = _string(value)
    if not ASIN.fullmatch(asin):
        raise WrongValue(f"{_named(asin)}, not an ASIN (ten capital letters and digits)")
    return asin


def _named(value: object) -> str:
    """The value as a person would point at it, short."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple | dict):
        return "an object" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else str(value)[:41]
    return text if len(text) <= 40 else f"{text[:39]}…"


COERCERS: dict[ParameterType, Callable[[object], Any]] = {
    ParameterType.STRING: _string,
    ParameterType.INTEGER: _integer,
    ParameterType.NUMBER: _number,
    ParameterType.BOOLEAN: _boolean,
    ParameterType.DATE: _date,
    ParameterType.TIMESTAMP: _timestamp,
    ParameterType.DATE_RANGE: _date_range,
    ParameterType.ENUM: _string,
    ParameterType.THRESHOLD: _number,
    ParameterType.PERCENTAGE: _percentage,
    ParameterType.PATTERN: _pattern,
    ParameterType.CAMPAIGN_LIST: _campaign,
    ParameterType.ASIN_LIST: _asin,
}
"""By type; of campaign_list and asin_list it is the item's."""
ELEMENTS: dict[ParameterType, ParameterType] = {
    ParameterType.STRING_LIST: ParameterType.STRING,
    ParameterType.INTEGER_LIST: ParameterType.INTEGER,
    ParameterType.NUMBER_LIST: ParameterType.NUMBER,
    ParameterType.DATE_LIST: ParameterType.DATE,
}
