"""The records of CSV text in UTF-8: a pattern of those that every reader takes alike, and one record read with care.

A field that begins with the quote is quoted, up to the quote that is not doubled, and nothing may follow it but a
delimiter or the line's end. Any other field is what stands there; empty, it is NULL. A quote inside it is a character.
"""

import re
from dataclasses import dataclass

from queryflow.domain.files.csv_dialect import DELIMITERS, Dialect

NEEDS_QUOTES = "put the field in quotes, or declare `quote: ''` in tables.yaml if quotes mean nothing in this file"
_SEVERAL_LINES = (
    "a quote opens a field here that ends on another line; declare in tables.yaml `quote: '\"'` if a field of this one "
    "column may have several lines, or `quote: ''` if every line is a row."
)


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its fields (None: empty and not quoted), and where the next begins."""

    fields: list[str | None]
    end: int


class Malformed(Exception):
    """The text at `place` is no record; the sentence says why and how to mend it."""

    def __init__(self, sentence: str, place: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.place = place


class Grammar:
    """The patterns of a dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self.delimiter = (dialect.delimiter or "").encode()
        self.quote = dialect.quote.encode()
        self.whole_lines = dialect.delimiter is None and (dialect.whole_lines or not dialect.quote)
        sign, quote = re.escape(self.delimiter), re.escape(self.quote)
        self._quoted = (
            rb"%s([^%s]*+(?:%s%s[^%s]*+)*+)%s" % (quote, quote, quote, quote, quote, quote) if quote else rb"(?!)()"
        )
        self._clean = rb"[^%s%s\r\n]*+" % (sign, quote)
        self.quoted = re.compile(self._quoted)
        self.unquoted = re.compile(rb"[^%s\r\n]*+" % sign)

    def clean_record(self, columns: int) -> "re.Pattern[bytes]":
        """A pattern of one record of so many fields with its line's end, which all readers of CSV understand alike."""
        either = b"(?:%s|%s)" % (self._quoted.replace(b"([", b"(?:[", 1), self._clean)
        return re.compile(either + rb"(?:%s%s){%d}\r?\n" % (re.escape(self.delimiter), either, columns - 1))

    def text(self, quoted: bytes) -> str:
        """What stands in a quoted field."""
        return quoted.replace(self.quote * 2, self.quote).decode()


def read_record(text: bytes, start: int, grammar: Grammar, *, final: bool) -> Record | None:
    """The record that begins at `start`; None if the text ends before it does, unless nothing follows (`final`).

    Raises Malformed.
    """
    if grammar.whole_lines:
        return _whole_line(text, start, grammar, final=final)
    fields: list[str | None] = []
    place = start
    while True:
        field = _quoted if grammar.quote and text.startswith(grammar.quote, place) else _unquoted
        found = field(text, place, grammar, final=final)
        if found is None:
            return None
        value, place = found
        fields.append(value)
        if grammar.delimiter and text.startswith(grammar.delimiter, place):
            place += 1
            continue
        end = _line_end(text, place, final=final)
        if end is None or end >= 0:
            return None if end is None else Record(fields, end)
        raise Malformed(_stray(text, place), place)


def wrong_width(found: int, columns: int, dialect: Dialect, *, empty: bool) -> str:
    """The sentence about a row that has another number of fields than the header."""
    if empty:
        return f"the line is empty, and the header has {columns} columns; remove the line."
    what = f"the row has {'1 field' if found == 1 else f'{found} fields'}, and the header has {columns}"
    if found < columns:
        return f"{what}; add what is missing, or declare `allow_uneven: true` in tables.yaml if it is NULL."
    signs = DELIMITERS.get(dialect.delimiter or "", "delimiters")
    return f"{what}; put a field that has {signs} in it in quotes."


def _quoted(text: bytes, place: int, grammar: Grammar, *, final: bool) -> tuple[str | None, int] | None:
    found = grammar.quoted.match(text, place)
    if not final and (found is None or found.end() == len(text)):
        return None
    if found is None:
        raise Malformed("a quote opens a field here and nothing closes it.", place)
    return grammar.text(found[1]), found.end()


def _unquoted(text: bytes, place: int, grammar: Grammar, *, final: bool) -> tuple[str | None, int] | None:
    found = grammar.unquoted.match(text, place)
    if found is None or (found.end() == len(text) and not final):
        return None
    value = found[0]
    if grammar.quote and value.startswith(b" ") and value.lstrip(b" ").startswith(grammar.quote):
        raise Malformed(f"a space stands before a quote; remove it, or {NEEDS_QUOTES}.", place)
    return value.decode() or None, found.end()


def _line_end(text: bytes, place: int, *, final: bool) -> int | None:
    """Where the line after `place` begins; -1 if the line does not end here, None if that is not known yet."""
    if text.startswith(b"\n", place):
        return place + 1
    if text.startswith(b"\r\n", place):
        return place + 2
    if place == len(text) or text[place:] == b"\r":
        return len(text) if final else None
    return -1


def _stray(text: bytes, place: int) -> str:
    if text.startswith(b"\r", place):
        return f"a carriage return stands inside of a line; {NEEDS_QUOTES}."
    return f"text follows the quote that closes a field; double a quote inside of it, or {NEEDS_QUOTES}."


def _whole_line(text: bytes, start: int, grammar: Grammar, *, final: bool) -> Record | None:
    """The line as one field; a quoted field that is the whole line counts as what it quotes."""
    newline = text.find(b"\n", start)
    if newline < 0 and not final:
        return None
    end = len(text) if newline < 0 else newline + 1
    line = text[start:end].removesuffix(b"\n").removesuffix(b"\r")
    if not grammar.quote or not line.startswith(grammar.quote):
        return Record([line.decode() or None], end)
    found = grammar.quoted.match(text, start)
    if found is None and not final:
        return None
    if found is not None and found.end() == start + len(line):
        return Record([grammar.text(found[1])], end)
    if found is not None and found.end() > end and _line_end(text, found.end(), final=True) != -1:
        raise Malformed(_SEVERAL_LINES, start)
    return Record([line.decode()], end)
