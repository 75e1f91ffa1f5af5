"""What a person is told whose SQL names a table that is not there. Pure."""

import re
from collections.abc import Iterable

from queryflow.domain.suggestions import did_you_mean
from queryflow.domain.wording import capitalized

MOST_NAMED = 30
"""Tables that a message names."""
_NAMED = re.compile(r"(?:Table|View) with name (?P<name>.+?) does not exist!")
_LINE = re.compile(r"^LINE (?P<line>\d+):", re.MULTILINE)


def missing_table(said: str, connection: str, tables: Iterable[str]) -> str:
    """The sentence: which table, whose, the near names, the tables there are, the line; `said` is DuckDB's own.

    DuckDB's guess names tables of its own, which nobody meant.
    """
    known = sorted(tables)
    named, line = _NAMED.search(said), _LINE.search(said)
    listed = f"The engine connection {connection} has {_listed(known)}."
    if named is None:
        return f"{listed}\n{said}"
    name = named["name"]
    near = did_you_mean(name, known, most=3)
    hint = f" {capitalized(near)}?" if near else ""
    place = f" (line {line['line']} of the SQL that was sent)" if line else ""
    return f"There is no table {name}.{hint} {listed}{place}"


def _listed(known: list[str]) -> str:
    if not known:
        return "no tables"
    more = f" and {len(known) - MOST_NAMED} others" if len(known) > MOST_NAMED else ""
    return f"the tables {', '.join(known[:MOST_NAMED])}{more}" if len(known) > 1 else f"one table, {known[0]}"
