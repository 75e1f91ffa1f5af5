"""JSON as this system takes it: not too deep, no NaN, no infinities, no text that cannot be stored."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from queryflow.domain.errors import Refused
from queryflow.domain.storable import MOST_DEPTH, is_storable

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


class Unacceptable(Refused):
    """The body is no JSON, or none that is taken here."""

    code = "INVALID_JSON"


@dataclass(frozen=True, slots=True)
class Judged:
    """A body that was found to be acceptable, read."""

    document: Any
    has_duplicates: bool
    """Whether an object has a key twice; the document holds the last value."""


def judge_json(body: bytes) -> Judged:
    """The body, parsed; raises `Unacceptable` with a sentence that says what is wrong."""
    if _depth(body) > MOST_DEPTH:
        raise Unacceptable(f"The JSON is nested deeper than {MOST_DEPTH} levels.", code="JSON_TOO_DEEP")
    duplicates: list[bool] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        read = dict(pairs)
        if len(read) < len(pairs):
            duplicates.append(True)
        return read

    try:
        document = json.loads(body, object_pairs_hook=unique, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Unacceptable(f"The body is not valid JSON: {_sentence(error)}") from None
    _check_texts(document)
    return Judged(document, has_duplicates=bool(duplicates))


def _depth(body: bytes) -> int:
    """How deep brackets are nested outside of strings; measured before parsing, which would recurse."""
    deepest = depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _check_texts(document: object) -> None:
    """Text with NUL or half a surrogate pair is valid JSON, but no database and no UTF-8 writer takes it."""
    open_values = [document]
    while open_values:
        value = open_values.pop()
        if isinstance(value, dict):
            open_values.extend(value)
            open_values.extend(value.values())
        elif isinstance(value, list):
            open_values.extend(value)
        elif isinstance(value, str) and not is_storable(value):
            raise Unacceptable("A text holds a NUL character or half a surrogate pair.", code="INVALID_TEXT")


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _sentence(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return "text is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error) or "it is nested too deep"
