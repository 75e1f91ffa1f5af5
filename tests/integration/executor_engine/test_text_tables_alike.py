"""Any CSV text: what the product reads is what a slow reader of the rules, written once more here, reads."""

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queryflow.domain.files.table_options import TableOptions
from queryflow.domain.files.table_refused import TableRefused
from queryflow.sandbox.jobs.job import ReadFile, Reading
from queryflow.sandbox.reading import tables

DELIMITERS = ",;\t|"
Field = tuple[str, bool]
"""A field's text, and whether it stands in quotes."""
Rows = list[list[str | None]]

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,6})?", fullmatch=True)
ODD = st.sampled_from(
    ["007", "+1", "1e5", "0", "-0", "1.10", "10.0", ".5", "5.", "nan", "t", "TRUE", "false", " 1", "1 ", "é", "  ", "'"]
)
TIMES = st.sampled_from(["2026-11-22", "2026-02-30", "10:30", "24:00", "2026-11-22 10:30", "2026-11-22T10:30:00.5"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\x1a"), max_size=8)
VALUES = st.one_of(NUMBERS, ODD, TIMES, TEXTS, st.just(""))
PLAIN = re.compile(r'[^,;\t|"\n\r]*')


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, list[list[Field]]]:
    """The text of a CSV file, and the rows that were written."""
    delimiter, ending = draw(st.sampled_from(DELIMITERS)), draw(st.sampled_from(["\n", "\r\n"]))
    width = draw(st.integers(2, 4))
    kinds = [draw(st.sampled_from([VALUES, NUMBERS, TIMES, ODD])) for _ in range(width)]
    rows = []
    for _ in range(draw(st.integers(0, 6))):
        values = [draw(kind) for kind in kinds]
        rows.append([(value, draw(st.booleans()) or _needs_quotes(value)) for value in values])
    header = delimiter.join(f"c{place}" for place in range(width))
    lines = [header, *(delimiter.join(map(_written, row)) for row in rows)]
    last = draw(st.sampled_from(["", ending]))
    return draw(st.sampled_from(["", "\ufeff"])) + ending.join(lines) + last, rows


def _needs_quotes(value: str) -> bool:
    return PLAIN.fullmatch(value) is None


def _written(field: Field) -> str:
    value, quoted = field
    return '"' + value.replace('"', '""') + '"' if quoted else value


def expected(rows: Sequence[Sequence[Field]], types: Sequence[str]) -> Rows:
    """The rows as text: an empty field is NULL, but for a quoted one in a column of text."""
    return [
        [
            value if value or (quoted and type_ == "VARCHAR") else None
            for (value, quoted), type_ in zip(row, types, strict=True)
        ]
        for row in rows
    ]


def slow_type(values: Sequence[str]) -> str:
    """The type by the rules of docs/folders.md, one value after the other."""
    real = [value for value in values if value]
    if real and all(re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", value, re.ASCII) for value in real):
        return _slow_number(real)
    if real and all(value.lower() in {"true", "false"} for value in real):
        return "BOOLEAN"
    return _slow_time(real) if real else "VARCHAR"


def _slow_number(values: Sequence[str]) -> str:
    fractions = [value.partition(".")[2] for value in values if "." in value]
    told = [fraction for fraction in fractions if fraction != "0"]
    whole = max(len(value.lstrip("-").partition(".")[0].lstrip("0")) for value in values)
    scale = max(map(len, fractions), default=0)
    if whole + scale > 38 or (len({*map(len, told)}) > 1 and any(fraction[-1] == "0" for fraction in told)):
        return "VARCHAR"
    if fractions:
        return f"DECIMAL({18 if whole + scale <= 18 else 38},{scale})"
    return "BIGINT" if all(-(2**63) <= int(value) < 2**63 for value in values) else "DECIMAL(38,0)"


def _slow_time(values: Sequence[str]) -> str:
    shapes = {
        "2026-11-22": "DATE",
        "10:30": "TIME",
        "2026-11-22 10:30": "TIMESTAMP",
        "2026-11-22T10:30:00.5": "TIMESTAMP",
    }
    found = {shapes.get(value, "VARCHAR") for value in values}
    return found.pop() if len(found) == 1 else "VARCHAR"


def read(place: Path, text: str) -> tuple[list[str], Rows]:
    """Types, and rows as text, of what the reader makes of the text; in this process, so that it is fast."""
    (place / "in").mkdir(exist_ok=True)
    (place / "out").mkdir(exist_ok=True)
    (place / "in" / "t").write_bytes(text.encode())
    reading = Reading("t", "csv", (ReadFile("t", "t.csv"),), TableOptions().document())
    said = tables.read_tables(duckdb.connect(), 0, reading)
    found = CASTS.execute(f"FROM read_parquet('{place}/out/0.parquet')")
    return [str(type_) for _, type_ in said["columns"]], [list(row) for row in found.fetchall()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reading")


@given(written=texts())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_what_is_read_is_what_was_written(
    place: Path, monkeypatch: pytest.MonkeyPatch, written: tuple[str, list[list[Field]]]
) -> None:
    text, rows = written
    monkeypatch.chdir(place)
    try:
        types, found = read(place, text)
    except TableRefused as refused:
        assert "a space stands before a quote" in refused.sentence, refused  # noqa: PT017 - all else must be read
        return
    width = text.splitlines()[0].count("c")
    columns = [[row[at][0] for row in rows] for at in range(width)]
    assert types == [slow_type(column) for column in columns]
    for row, wanted in zip(found, expected(rows, types), strict=True):
        for value, text_, type_ in zip(row, wanted, types, strict=True):
            same = value == text_ if type_ == "VARCHAR" else is_same(value, text_, type_)
            assert same, (value, text_, type_)


CASTS = duckdb.connect()


def is_same(value: object, text: str | None, type_: str) -> bool:
    """Whether the typed value is what stands there, by DuckDB's own cast of the one text."""
    [(cast,)] = CASTS.execute(f"SELECT CAST($1 AS {type_})", [text]).fetchall()
    return bool(cast == value)
