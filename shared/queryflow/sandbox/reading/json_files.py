"""A file of JSON lines as a source of rows: an object a line, whose members are columns. Numbers keep every digit."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from queryflow.domain.files.csv_dialect import MOST_COLUMNS
from queryflow.domain.files.json_columns import Kinds
from queryflow.domain.files.table_options import TableOptions
from queryflow.domain.files.table_refused import TableRefused
from queryflow.domain.storable import is_storable
from queryflow.sandbox.reading.csv_scan import MOST_RECORD
from queryflow.sandbox.reading.plain import not_encoded, plain_file
from queryflow.sandbox.reading.source import Column, Source

_OF_CSV = ("delimiter", "quote", "header", "decimal", "thousands", "allow_uneven")
_LONGEST_EXPANDED = 100


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


class _Object(list[tuple[str, Any]]):
    """An object's members in their order."""


@dataclass(slots=True)
class _Schema:
    """The columns that were seen so far, and which kinds of values they have."""

    kinds: dict[str, set[str]] = field(default_factory=dict)

    def width(self) -> tuple[int, int]:
        """Grows when a column is found, or one whose values are to be written as JSON."""
        return len(self.kinds), sum(Kinds.NESTED in each for each in self.kinds.values())


def open_json(file: Path, scratch: Path, options: TableOptions) -> Source:
    """The file, every line of it read. TableRefused if one is no object, or leaves open what it means."""
    for name in _OF_CSV:
        if name in options.model_fields_set:
            raise TableRefused(f"{name} is declared, which means nothing in a file of JSON lines; remove it.")
    decoded = plain_file(file, scratch.with_suffix(".utf8"), options.encoding)
    target = scratch.with_suffix(".csv")
    schema, rows, width = _Schema(), 0, (-1, -1)
    while schema.width() != width:
        width = schema.width()
        rows = _write(decoded, target, schema, options.skip)
    if not schema.kinds:
        raise TableRefused("the file is empty; a table of JSON lines has an object on its first line.")
    columns = tuple(Column(name, frozenset(kinds)) for name, kinds in schema.kinds.items())
    return Source(columns, rows, target, ",", '"', False, len(columns) + 1, lambda row: row + 1 + options.skip)


def _write(source: Path, target: Path, schema: _Schema, skip: int) -> int:
    rows = 0
    with target.open("w", encoding="utf-8", newline="") as file:
        for line, members in _objects(source, skip):
            try:
                file.write(_row(members, schema))
            except TableRefused as error:
                raise TableRefused(error.sentence, line=line) from None
            rows += 1
    return rows


def _row(members: _Object, schema: _Schema) -> str:
    values = dict(members)
    if len(values) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise TableRefused(f"the object has {twice} twice; keep one of the two.")
    if values.keys() - schema.kinds.keys():
        _add_columns(values, schema)
    fields = [_field(values.get(name), kinds) for name, kinds in schema.kinds.items()]
    return ",".join(fields) + ",\n"


def _add_columns(values: dict[str, Any], schema: _Schema) -> None:
    for name in values:
        if name not in schema.kinds:
            if not name.strip() or not is_storable(name):
                raise TableRefused("a member of the object has no name that a column can have.")
            schema.kinds[name] = set()
    if len(schema.kinds) > MOST_COLUMNS:
        raise TableRefused(
            f"the objects have more than {MOST_COLUMNS:,} members together, the most columns of a table."
        )


def _field(value: Any, kinds: set[str]) -> str:
    """The value as a field of CSV; where the column has nested values, as JSON."""
    if value is None:
        return ""
    kind = _kind(value)
    kinds.add(kind)
    word = _json(value) if Kinds.NESTED in kinds else _text(value, kind)
    if not is_storable(word):
        raise TableRefused("a text has a character that cannot be stored (NUL, or half of a surrogate pair).")
    return '"' + word.replace('"', '""') + '"'


def _kind(value: Any) -> str:
    if isinstance(value, _Number):
        return Kinds.NUMBER
    if isinstance(value, str):
        return Kinds.TEXT
    return Kinds.BOOLEAN if isinstance(value, bool) else Kinds.NESTED


def _text(value: Any, kind: str) -> str:
    if kind == Kinds.NUMBER:
        return _expanded(value)
    return str(value).lower() if kind == Kinds.BOOLEAN else str(value)


def _expanded(number: str) -> str:
    """The number without an exponent, unless it gets far too long."""
    if "e" not in number and "E" not in number:
        return str(number)
    _, digits, exponent = (value := Decimal(number)).as_tuple()
    if not isinstance(exponent, int) or abs(exponent) + len(digits) > _LONGEST_EXPANDED:
        return str(number)
    return format(value, "f")


def _json(value: Any) -> str:
    """JSON with every number as it was written."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, _Object):
        return "{" + ", ".join(f"{_json(name)}: {_json(each)}" for name, each in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_json(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _objects(source: Path, skip: int) -> Iterator[tuple[int, _Object]]:
    number = 0
    with source.open("rb") as file:
        while line := file.readline(MOST_RECORD + 1):
            number += 1
            if number > skip:
                yield number, _object(line, number)


def _object(line: bytes, number: int) -> _Object:
    if len(line) > MOST_RECORD:
        raise TableRefused(f"the line is longer than {MOST_RECORD >> 20} MB.", line=number)
    try:
        text = line.decode().removeprefix("\ufeff" if number == 1 else "")
    except UnicodeDecodeError:
        raise TableRefused(not_encoded("utf-8"), line=number) from None
    if not text.strip():
        raise TableRefused("the line is empty; remove it.", line=number)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise TableRefused(f"this is no JSON: {error.msg}, at column {error.colno}.", line=number) from None
    except (ValueError, RecursionError):
        raise TableRefused(
            "this is no JSON that can be read: NaN, Infinity, or nested too deep.", line=number
        ) from None
    if not isinstance(value, _Object):
        raise TableRefused('the line is no object; write one, such as {"id": 1}, on every line.', line=number)
    return value


def _refuse_constant(word: str) -> Any:
    raise ValueError(word)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Object, parse_float=_Number, parse_int=_Number, parse_constant=_refuse_constant
)
