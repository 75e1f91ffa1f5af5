"""Numbers and dates as some regions write them: text until a person declares them, which is worth a notice."""

import re
from collections.abc import Sequence

from queryflow.domain.files.column_types import TEXT, ColumnType
from queryflow.domain.files.table_options import TableOptions

SAMPLES = 200
"""Values of a column that are looked at for a notice."""
LONGEST_SAMPLE = 64

_COMMA_BEFORE_FRACTION = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?", re.ASCII)
_COMMA_BETWEEN_THOUSANDS = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?", re.ASCII)
_DAY_OR_MONTH_FIRST = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{4}", re.ASCII)


def regional_type(samples: Sequence[str], declared: TableOptions) -> ColumnType:
    """Text, with the reason and what to declare if all samples are numbers or dates of one such form.

    A table has one form of dates and one sign before fractions: nothing is advised that contradicts what is declared.
    """
    commas = next((each for each in samples if "," in each), None)
    if commas is not None and _all(_COMMA_BEFORE_FRACTION, samples):
        reason = f"its numbers, such as {commas}, have a comma in them"
        thousands = " and thousands: '.'" if any("." in each for each in samples) else ""
        other = " (or thousands: ',')" if _all(_COMMA_BETWEEN_THOUSANDS, samples) else ""
        return ColumnType(TEXT, reason, how=f"declare decimal: ','{thousands}{other}")
    if commas is not None and declared.decimal == "." and _all(_COMMA_BETWEEN_THOUSANDS, samples):
        return ColumnType(TEXT, f"its numbers, such as {commas}, have a comma in them", how="declare thousands: ','")
    if samples and declared.date_format is None and (form := _date_form(samples)):
        reason = f"its values, such as {samples[0]}, do not say whether the day or the month comes first"
        return ColumnType(TEXT, reason, how=f"declare date_format, such as '{form}',")
    return ColumnType(TEXT)


def _all(pattern: re.Pattern[str], samples: Sequence[str]) -> bool:
    return all(pattern.fullmatch(each) for each in samples)


def _date_form(samples: Sequence[str]) -> str:
    """The form with the day first, if all are dates with one separator."""
    found = {match[1] if (match := _DAY_OR_MONTH_FIRST.fullmatch(each)) else "" for each in samples}
    separator = found.pop() if len(found) == 1 else ""
    return separator.join(("%d", "%m", "%Y")) if separator else ""
