"""How a CSV file is written: decided by its header line and by what is declared, never by a sample of its rows."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from queryflow.domain.files.declared_tables import table_key
from queryflow.domain.files.table_options import TableOptions
from queryflow.domain.files.table_refused import TableRefused
from queryflow.domain.storable import is_storable

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
MOST_COLUMNS = 5_000


@dataclass(frozen=True, slots=True)
class Dialect:
    """Delimiter and quote; without a delimiter a line is one field, without a quote nothing is quoted."""

    delimiter: str | None
    quote: str
    whole_lines: bool = False
    """Whether lines are taken whole, except one that is a quoted field from start to end."""


def dialect_of(header: str, options: TableOptions) -> Dialect:
    """The dialect of a file with that header line (or first line, where it has no header); TableRefused if open."""
    quote = '"' if options.quote is None else options.quote
    if options.delimiter is not None:
        return Dialect(options.delimiter, quote)
    counts = Counter(_outside_quotes(header, quote))
    if not counts:
        return Dialect(None, quote, whole_lines=options.quote is None)
    [(delimiter, most), *others] = counts.most_common()
    if others and others[0][1] == most:
        names = " and ".join(DELIMITERS[each] for each, count in counts.items() if count == most)
        sentence = (
            f"the header uses {names} equally often ({most}), so it is open which of them separates the columns; "
            "declare the delimiter in tables.yaml."
        )
        raise TableRefused(sentence, line=options.skip + 1)
    return Dialect(delimiter, quote)


def column_names(fields: Sequence[str | None], options: TableOptions) -> tuple[str, ...]:
    """The names of the columns; `fields` are those of the header line, or of the first row where there is no header.

    TableRefused if a name is empty or two are one name to SQL.
    """
    if len(fields) > MOST_COLUMNS:
        raise TableRefused(f"the first line has {len(fields):,} fields; a table has at most {MOST_COLUMNS:,} columns.")
    if options.header is False:
        return tuple(f"column{place}" for place in range(len(fields)))
    if isinstance(options.header, tuple):
        return _declared_names(options.header, len(fields), options)
    names = tuple(unicodedata.normalize("NFC", each or "") for each in fields)
    _refuse_bad_names(names, options.skip + 1)
    return names


def _declared_names(names: tuple[str, ...], width: int, options: TableOptions) -> tuple[str, ...]:
    if width > len(names) or (width < len(names) and not options.allow_uneven):
        fields = "1 field" if width == 1 else f"{width} fields"
        fewer = ", or `allow_uneven: true` if what is missing is NULL" if width < len(names) else ""
        told = f"the first row has {fields}, and the declared header has {len(names)}"
        raise TableRefused(f"{told}; declare a name for each field{fewer}.", line=options.skip + 1)
    _refuse_bad_names(names, None)
    return names


def _refuse_bad_names(names: tuple[str, ...], line: int | None) -> None:
    advice = "declare `header: [the names]` and `skip: 1` in tables.yaml."
    seen: dict[str, str] = {}
    for place, name in enumerate(names, start=1):
        if not name.strip():
            raise TableRefused(f"column {place} of the header has no name. Give it one, or {advice}", line=line)
        if not is_storable(name):
            sentence = f"the name of column {place} of the header has a NUL character, which no text may have"
            raise TableRefused(f"{sentence}. Remove it, or {advice}", line=line)
        key = table_key(name)
        if key in seen:
            same = seen[key] == name
            both = f"two columns are called {name}" if same else f"{seen[key]} and {name} are one name to SQL"
            raise TableRefused(f"{both}. Rename one, or {advice}", line=line)
        seen[key] = name


def _outside_quotes(line: str, quote: str) -> list[str]:
    """The delimiters in the line that stand in no quoted field."""
    if not quote:
        return [each for each in line if each in DELIMITERS]
    sign = re.escape(quote)
    quoted = re.compile(rf"(?:^|(?<=[,;\t|])){sign}(?:[^{sign}]|{sign}{sign})*+{sign}")
    return [each for each in quoted.sub("", line) if each in DELIMITERS]
