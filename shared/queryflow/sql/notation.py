"""How an engine writes values: its words for types, and where its literals differ from those of others."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notation:
    """What writing a value needs to know of an engine."""

    types: Mapping[str, str]
    """Its word for each kind of item: text, integer, number, boolean, date, timestamp (without a zone)."""
    array: str = "["
    """What opens an array; `]` closes it."""
    marks_escapes: bool = False
    """Whether a text with a backslash is written as `E'…'`, so that no setting of the server changes its meaning."""
    casts_doubles: bool = False
    """Whether a double is a cast text; else its literal has an exponent, without which it would be a decimal."""


DUCKDB_SQL = Notation(
    types={
        "text": "VARCHAR",
        "integer": "BIGINT",
        "number": "DOUBLE",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
    }
)
"""DuckDB's: also of what QueryFlow itself asks about results, whatever engine made them."""

POSTGRESQL_SQL = Notation(
    types={
        "text": "text",
        "integer": "bigint",
        "number": "double precision",
        "boolean": "boolean",
        "date": "date",
        "timestamp": "timestamp",
    },
    array="ARRAY[",
    marks_escapes=True,
    casts_doubles=True,
)
"""PostgreSQL's."""
