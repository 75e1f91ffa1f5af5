"""What a file of text is to the reader of tables, whatever it is written in."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from queryflow.sql.writing.column_facts import text


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file."""

    name: str
    json_kinds: frozenset[str] | None = None
    """Which kinds of JSON values it has; None in a file whose values are texts."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read: its columns, and a file with its rows as DuckDB is to read them."""

    columns: tuple[Column, ...]
    rows: int
    path: Path
    delimiter: str
    quote: str
    has_header: bool
    fields: int
    """In each row; there may be more than columns, and those at the end are empty."""
    line_of: Callable[[int], int]
    """The line at which a row (the first is 0) begins."""

    def relation(self) -> str:
        """SQL for its rows: texts in columns called f0, f1 and so on. Nothing is left to DuckDB's judgement."""
        columns = ", ".join(f"'f{place}': 'VARCHAR'" for place in range(self.fields))
        options = {
            "delim": text(self.delimiter),
            "quote": text(self.quote),
            "escape": text(self.quote),
            "header": str(self.has_header).lower(),
            "columns": f"{{{columns}}}",
            "new_line": text("\\n"),
            "nullstr": "''",
            "comment": "''",
            "max_line_size": "70000000",
            **dict.fromkeys(("auto_detect", "allow_quoted_nulls", "null_padding", "ignore_errors"), "false"),
            **dict.fromkeys(("all_varchar", "strict_mode"), "true"),
        }
        said = ", ".join(f"{name} = {value}" for name, value in options.items())
        return f"read_csv({text(str(self.path))}, {said})"
