"""One pass over all records of a CSV file: are they of the header's width, and may DuckDB read them as they are?"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import methodcaller
from pathlib import Path
from typing import IO

from queryflow.domain.files.csv_dialect import Dialect
from queryflow.domain.files.csv_records import Grammar, Malformed, Record, read_record, wrong_width
from queryflow.domain.files.table_refused import TableRefused
from queryflow.sandbox.reading.plain import BLOCK, not_encoded

MOST_RECORD = 1 << 25
"""The largest record in bytes; a quote that nothing closes is found by it."""


@dataclass(frozen=True, slots=True)
class Body:
    """The rows of a file of UTF-8: where they begin, and how they are written."""

    path: Path
    offset: int
    line: int
    """The line that begins at the offset."""
    dialect: Dialect
    columns: int
    allow_uneven: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Rows that every reader takes alike: their text, each with a line feed at its end."""

    line: int
    text: bytes
    rows: int
    as_it_was: bool
    """Whether the file has the same text."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was read with care."""

    line: int
    fields: list[str | None]


@dataclass(slots=True)
class Text:
    """The text of a body as it passes, with the line its buffer begins at."""

    file: IO[bytes]
    line: int
    buffer: bytes = b""
    final: bool = False
    _decoder: codecs.IncrementalDecoder = field(default_factory=codecs.getincrementaldecoder("utf-8"))

    def grow(self) -> None:
        """Read more. TableRefused if it holds what is no text in UTF-8."""
        block = self.file.read(BLOCK)
        begin = len(self.buffer)
        self.buffer += block
        self.final = not block
        if self.final and self.buffer and not self.buffer.endswith(b"\n"):
            self.buffer += b"\n"
        try:
            self._decoder.decode(block, self.final)
        except UnicodeDecodeError:
            raise TableRefused(not_encoded("utf-8"), line=self._first_bad_line()) from None
        if b"\0" in block:
            line = self._line_at(self.buffer.index(b"\0", begin))
            raise TableRefused("the line has a NUL character, which no text may have; remove it.", line=line)

    def drop(self, end: int) -> None:
        """Forget what was dealt with."""
        self.line = self._line_at(end)
        self.buffer = self.buffer[end:]

    def _line_at(self, place: int) -> int:
        return self.line + self.buffer.count(b"\n", 0, place)

    def _first_bad_line(self) -> int:
        try:
            self.buffer.decode()
        except UnicodeDecodeError as error:
            return self._line_at(error.start)
        return self._line_at(len(self.buffer))


def pieces(body: Body) -> Iterator[Run | Row]:
    """All rows in order, as runs of those that every reader takes alike, and those in between.

    Raises TableRefused where a row is not one of the header's width. Where rows may be uneven, missing fields are None.
    """
    reader = _Reader(body)
    with body.path.open("rb") as file:
        file.seek(body.offset)
        text = Text(file, body.line)
        while not text.final:
            text.grow()
            if reader.is_plain(text.buffer):
                yield from reader.lines(text)
            else:
                yield from reader.records(text)


def line_of(body: Body, row: int) -> int:
    """The line at which that row (the first is 0) begins."""
    for piece in pieces(body):
        if isinstance(piece, Row):
            if not row:
                return piece.line
            row -= 1
        elif row < piece.rows:
            return piece.line + _lines_before(piece.text, row, body)
        else:
            row -= piece.rows
    raise IndexError(row)


def _lines_before(text: bytes, row: int, body: Body) -> int:
    grammar, place = Grammar(body.dialect), 0
    for _ in range(row):
        record = read_record(text, place, grammar, final=True)
        place = record.end if record else place
    return text.count(b"\n", 0, place)


class _Reader:
    """Takes the rows off a text."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._grammar = Grammar(body.dialect)
        self._clean = None if body.columns == 1 else self._grammar.clean_record(body.columns)
        self._delimiters = methodcaller("count", self._grammar.delimiter or b"\0")

    def is_plain(self, buffer: bytes) -> bool:
        """Whether every line is a row: nothing is quoted."""
        quote = self._grammar.quote
        return (not quote or quote not in buffer) and buffer.count(b"\r") == buffer.count(b"\r\n")

    def lines(self, text: Text) -> Iterator[Run | Row]:
        """The rows of a text in which every line is one; with care if one is of another width."""
        end = len(text.buffer) if text.final else text.buffer.rfind(b"\n") + 1
        lines = text.buffer[:end]
        feeds = lines.replace(b"\r\n", b"\n")
        split = feeds.split(b"\n")
        split.pop()
        if set(map(self._delimiters, split)) - {self._body.columns - 1}:
            yield from self.records(text)
            return
        if split:
            yield Run(text.line, feeds, len(split), as_it_was=len(feeds) == len(lines))
        text.drop(end)
        _refuse_endless(text)

    def records(self, text: Text) -> Iterator[Run | Row]:
        """The rows of a text in which fields may be quoted."""
        place, line = 0, text.line
        while place < len(text.buffer):
            run, end = self._run(text.buffer, place, line)
            if run is None:
                row_and_end = self._row(text, place, line)
                if row_and_end is None:
                    break
                row, end = row_and_end
                yield row
            else:
                yield run
            line += text.buffer.count(b"\n", place, end)
            place = end
        text.drop(place)
        _refuse_endless(text)

    def _run(self, buffer: bytes, place: int, line: int) -> tuple[Run | None, int]:
        if self._clean is None:
            return None, place
        scan = self._clean.scanner(buffer, place)  # type: ignore[attr-defined]  # the stubs lack it
        found = [each[0] for each in iter(scan.match, None)]
        if not found:
            return None, place
        text = b"".join(found)
        end = place + len(text)
        if b"\r\n" not in text:
            return Run(line, text, len(found), as_it_was=True), end
        feeds = b"".join(each[:-2] + b"\n" if each.endswith(b"\r\n") else each for each in found)
        return Run(line, feeds, len(found), as_it_was=feeds == text), end

    def _row(self, text: Text, place: int, line: int) -> tuple[Row, int] | None:
        final = text.final or len(text.buffer) > MOST_RECORD
        try:
            record = read_record(text.buffer, place, self._grammar, final=final)
        except Malformed as error:
            at = line + text.buffer.count(b"\n", place, error.place)
            raise TableRefused(error.sentence, line=at) from None
        if record is None:
            return None
        return Row(line, _even(record, line, self._body)), record.end


def _refuse_endless(text: Text) -> None:
    if len(text.buffer) > MOST_RECORD + BLOCK:
        sentence = f"a row begins here that is longer than {MOST_RECORD >> 20} MB; is a quote not closed?"
        raise TableRefused(sentence, line=text.line)


def _even(record: Record, line: int, body: Body) -> list[str | None]:
    found = len(record.fields)
    if found == body.columns:
        return record.fields
    empty = record.fields == [None]
    if found > body.columns or not body.allow_uneven:
        raise TableRefused(wrong_width(found, body.columns, body.dialect, empty=empty), line=line)
    return [*record.fields, *[None] * (body.columns - found)]
