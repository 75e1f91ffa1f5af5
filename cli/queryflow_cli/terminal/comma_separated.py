"""Rows as CSV (RFC 4180), as this product reads it again: an empty field is no value, `""` is the empty text."""

import json
import re
from collections.abc import Iterable
from typing import Any

QUOTED = re.compile(r'[",\r\n]|^\s|\s$')


def csv_line(values: Iterable[Any]) -> str:
    """One line, with its end; lists and structures are written as JSON."""
    return ",".join(map(_field, values)) + "\r\n"


def _field(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return '"' + value.replace('"', '""') + '"' if not value or QUOTED.search(value) else value
        case list() | dict():
            return _field(json.dumps(value, ensure_ascii=False))
        case _:
            return str(value)
