"""Numbers as they are held: each with all its digits, as an integer of 64 bits, a double, or a decimal of 38 digits."""

import math
import re
from collections.abc import Sequence
from decimal import Decimal

Number = int | float | Decimal

SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
LARGEST_EXACT_IN_JSON = 2**53 - 1
"""Readers of JSON that hold numbers as doubles lose integers beyond it; such an integer may be written as a string."""
MOST_DIGITS = 38
"""Of a decimal, before and behind the point together."""
LONGEST_TEXT = 2 * MOST_DIGITS
NUMBER_TEXT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


def wide_integer(number: int) -> float | Decimal | None:
    """An integer beyond 64 bits as a number with the same digits; None if there is none.

    A double is written `1e+20` in one place and 100000000000000000000 in another (PostgreSQL's JSON does so), and
    means the same: where the digits are those that a double is written with, it is that double.
    """
    if number.bit_length() > 1_024:
        return None
    double = _double(number)
    if double is not None and Decimal(repr(double)) == number:
        return double
    return Decimal(number) if len(str(abs(number))) <= MOST_DIGITS else None


def number_of_text(text: str) -> int | Decimal | None:
    """The number that stands in a text because JSON's readers would lose digits of it; None for any other text."""
    if len(text) > LONGEST_TEXT or not NUMBER_TEXT.fullmatch(text):
        return None
    if "." not in text:
        number = int(text)
        is_wide = not SMALLEST_INTEGER <= number <= LARGEST_INTEGER
        return None if abs(number) <= LARGEST_EXACT_IN_JSON else Decimal(number) if is_wide else number
    exact = Decimal(text)
    return None if Decimal(repr(float(text))) == exact else exact


def fits_a_decimal(number: Decimal) -> bool:
    """Whether 38 digits hold it."""
    whole, places = decimal_shape([number])
    return whole + places <= MOST_DIGITS


def decimal_shape(numbers: Sequence[int | Decimal]) -> tuple[int, int]:
    """The digits that these numbers need together before the point and behind it; at least one before it."""
    exact = [Decimal(each) for each in numbers]
    places = max(max(-int(each.as_tuple().exponent), 0) for each in exact)
    whole = max(max(each.adjusted() + 1, 1) if each else 1 for each in exact)
    return whole, places


def are_alike(numbers: Sequence[Number]) -> bool:
    """Whether one type of column has the digits of all: doubles, or one decimal type."""
    if any(isinstance(each, float) for each in numbers):
        return all(_double(each) == each for each in numbers)
    if not any(isinstance(each, Decimal) for each in numbers):
        return True
    return sum(decimal_shape([each for each in numbers if not isinstance(each, float)])) <= MOST_DIGITS


def alike(numbers: Sequence[Number]) -> list[Number] | None:
    """The numbers as one column holds them, none changed; None if no type of column has the digits of all.

    Doubles beside what no double holds become decimals, if they are whole.
    """
    exact = list(numbers)
    if not are_alike(exact):
        exact = [Decimal(repr(each)) if isinstance(each, float) and each.is_integer() else each for each in numbers]
    return exact if are_alike(exact) else None


def _double(number: Number) -> float | None:
    try:
        double = float(number)
    except OverflowError:
        return None
    return double if math.isfinite(double) else None
