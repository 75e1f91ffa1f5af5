"""The begin of a CSV file: its dialect, its columns, and where its rows begin."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from queryflow.domain.files.csv_dialect import Dialect, column_names, dialect_of
from queryflow.domain.files.csv_records import Grammar, Malformed, Record, read_record
from queryflow.domain.files.table_options import TableOptions
from queryflow.domain.files.table_refused import TableRefused
from queryflow.sandbox.reading.csv_scan import Body
from queryflow.sandbox.reading.plain import not_encoded

MOST_HEAD = 1 << 22
"""Bytes in which the lines to skip and the header stand."""
_MOST_HEADER_LINES = 100


@dataclass(frozen=True, slots=True)
class Head:
    """What the first lines say."""

    names: tuple[str, ...]
    body: Body
    at_start: bool
    """Whether nothing but one line of header, with a line feed alone at its end, stands before the rows."""


def read_head(path: Path, options: TableOptions) -> Head:
    """The head of a file of UTF-8; TableRefused if it is empty, or leaves open what it means."""
    with path.open("rb") as file:
        text = file.read(MOST_HEAD)
    final = len(text) < MOST_HEAD
    start = _after_lines(text, options.skip, begin=len(codecs.BOM_UTF8) if text.startswith(codecs.BOM_UTF8) else 0)
    if start == len(text):
        raise TableRefused("the file is empty; a table needs its header line." if not options.skip else _ALL_SKIPPED)
    line = options.skip + 1
    dialect = dialect_of(_header_text(text, start, options), options)
    record = _first_record(text, start, dialect, final=final, line=line)
    names = column_names(record.fields, options)
    if dialect.delimiter is None and len(names) > 1:
        sentence = (
            f"the first row has 1 field, and the declared header has {len(names)}; declare the delimiter as well."
        )
        raise TableRefused(sentence, line=line)
    if options.header is not True:
        return Head(names, Body(path, start, line, dialect, len(names), options.allow_uneven), at_start=False)
    lines = text.count(b"\n", start, record.end)
    body = Body(path, record.end, line + lines, dialect, len(names), options.allow_uneven)
    is_plain = lines <= 1 and b"\r" not in text[start : record.end]
    return Head(names, body, at_start=not options.skip and is_plain)


_ALL_SKIPPED = "the file has no more lines than are declared to be skipped."


def _after_lines(text: bytes, lines: int, *, begin: int) -> int:
    place = begin
    for _ in range(lines):
        end = text.find(b"\n", place)
        if end < 0:
            raise TableRefused(_ALL_SKIPPED)
        place = end + 1
    return place


def _header_text(text: bytes, start: int, options: TableOptions) -> str:
    """The header line, with those that follow as long as a quote is open in it."""
    quote = b'"' if options.quote is None else options.quote.encode()
    end = start
    for _ in range(_MOST_HEADER_LINES):
        end = text.find(b"\n", end) + 1 or len(text)
        if not quote or text.count(quote, start, end) % 2 == 0:
            return _decoded(text, start, end, options)
        if end == len(text):
            break
    return _decoded(text, start, text.find(b"\n", start) + 1 or len(text), options)


def _decoded(text: bytes, start: int, end: int, options: TableOptions) -> str:
    try:
        return text[start:end].decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise TableRefused(not_encoded("utf-8"), line=options.skip + 1) from None


def _first_record(text: bytes, start: int, dialect: Dialect, *, final: bool, line: int) -> Record:
    try:
        record = read_record(text, start, Grammar(dialect), final=final)
    except Malformed as error:
        raise TableRefused(error.sentence, line=line + text.count(b"\n", start, error.place)) from None
    except UnicodeDecodeError:
        raise TableRefused(not_encoded("utf-8"), line=line) from None
    if record is None:
        raise TableRefused(f"the header is longer than {MOST_HEAD >> 20} MB.", line=line)
    return record
