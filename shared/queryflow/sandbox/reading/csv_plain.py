"""A CSV file as DuckDB reads it without room for doubt: line feeds alone, every row of one width.

DuckDB's reader is not trusted with more: of a file with carriage returns and empty fields it gives other rows, blank
lines it leaves out, and spaces around quotes it drops.
"""

from dataclasses import dataclass
from pathlib import Path

from queryflow.sandbox.reading.csv_head import Head
from queryflow.sandbox.reading.csv_scan import Body, Row, Run, pieces

_ONE_COLUMN = (b",", b'"')


@dataclass(frozen=True, slots=True)
class PlainCsv:
    """A file for DuckDB."""

    path: Path
    delimiter: str
    quote: str
    has_header: bool
    fields: int
    """In each row; a table of one column has an empty second one, for an empty line would be no row to every reader."""
    rows: int


def plain_csv(head: Head, target: Path) -> PlainCsv:
    """The file itself where it is plain, else one with the same rows at `target`. TableRefused if rows are wrong."""
    rows = _rows_as_they_are(head)
    delimiter, quote = head.body.dialect.delimiter or ",", head.body.dialect.quote
    if rows is not None:
        return PlainCsv(head.body.path, delimiter, quote, True, head.body.columns, rows)
    if head.body.columns == 1:
        return PlainCsv(target, ",", '"', False, 2, _write(head.body, target))
    return PlainCsv(target, delimiter, quote, False, head.body.columns, _write(head.body, target))


def _rows_as_they_are(head: Head) -> int | None:
    """How many rows the file has, if it is plain itself."""
    if not head.at_start or head.body.columns == 1:
        return None
    rows = 0
    for piece in pieces(head.body):
        if isinstance(piece, Row) or not piece.as_it_was:
            return None
        rows += piece.rows
    return rows


def _write(body: Body, target: Path) -> int:
    rows = 0
    with target.open("wb") as file:
        for piece in pieces(body):
            file.write(_run(piece, body) if isinstance(piece, Run) else _row(piece, body))
            rows += piece.rows if isinstance(piece, Run) else 1
    return rows


def _run(run: Run, body: Body) -> bytes:
    if body.columns > 1:
        return run.text
    delimiter, quote = _ONE_COLUMN
    lines = run.text.replace(quote, quote * 2).split(b"\n")
    return b"".join((quote + line + quote if line else b"") + delimiter + b"\n" for line in lines[:-1])


def _row(row: Row, body: Body) -> bytes:
    if body.columns == 1:
        delimiter, quote = _ONE_COLUMN
        return _quoted(row.fields[0], quote) + delimiter + b"\n"
    quote = body.dialect.quote.encode()
    return (body.dialect.delimiter or "").encode().join(_quoted(each, quote) for each in row.fields) + b"\n"


def _quoted(field: str | None, quote: bytes) -> bytes:
    if field is None:
        return b""
    return quote + field.encode().replace(quote, quote * 2) + quote if quote else field.encode()
