"""A CSV file as a source of rows."""

from functools import partial
from pathlib import Path

from queryflow.domain.files.table_options import TableOptions
from queryflow.sandbox.reading.csv_head import read_head
from queryflow.sandbox.reading.csv_plain import plain_csv
from queryflow.sandbox.reading.csv_scan import line_of
from queryflow.sandbox.reading.plain import plain_file
from queryflow.sandbox.reading.source import Column, Source


def open_csv(file: Path, scratch: Path, options: TableOptions) -> Source:
    """The file, every row of it looked at; `scratch` begins the names of files that may be made.

    TableRefused if a row is not one of the header's width, or the file leaves open what it means.
    """
    decoded = plain_file(file, scratch.with_suffix(".utf8"), options.encoding)
    head = read_head(decoded, options)
    plain = plain_csv(head, scratch.with_suffix(".csv"))
    return Source(
        columns=tuple(Column(name) for name in head.names),
        rows=plain.rows,
        path=plain.path,
        delimiter=plain.delimiter,
        quote=plain.quote,
        has_header=plain.has_header,
        fields=plain.fields,
        line_of=partial(line_of, head.body),
    )
