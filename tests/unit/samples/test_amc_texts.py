"""AMC's SQL as people write it, over every official table, runs on the sample and yields what plain DuckDB says."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from queryflow.domain.errors import Severity
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.yaml_reader import read_yaml
from queryflow.domain.ids import ParameterName
from queryflow.domain.values.coercion import coerce, element_type
from queryflow.domain.values.parameters import Parameter, ParameterType, Rules
from queryflow.sql.amc.amc_functions import MACROS, RENAMED, SHAPED
from queryflow.sql.amc.amc_on_duckdb import setup_statements
from queryflow.sql.amc.amc_schema import amc_schema
from queryflow.sql.amc.amc_tables import TIME_COLUMNS
from queryflow.sql.checks.template_problems import template_problems
from queryflow.sql.notation import DUCKDB_SQL
from queryflow.sql.writing.render import render
from queryflow_cli.samples import amc as sample
from queryflow_cli.samples.tables import SAMPLE_TABLES
from tests.unit.sql.making import WINDOW, amc

FILES = sorted(Path(__file__).with_name("amc_texts").glob("*.yaml"))
TEXTS: list[dict[str, Any]] = [text for file in FILES for text in read_yaml(file.read_text("utf-8"))]

Row = tuple[Any, ...]


def test_there_are_sixty_texts_over_all_tables_with_every_type_and_function() -> None:
    words = {word for text in TEXTS for word in re.findall(r"\w+", text["sql"])}
    used = {ParameterType(kind) for text in TEXTS for kind, *_ in text.get("values", {}).values()}
    assert len({text["name"] for text in TEXTS}) >= 60
    assert set(amc_schema()) - words == set()
    assert set(ParameterType) - used == set()
    assert (RENAMED.keys() | MACROS.keys() | SHAPED.keys()) - words == set()


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The relations of the sample's tables, whose rows lie before, in and after the window."""
    folder = tmp_path_factory.mktemp("sample") / "set"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sample.SIZES, "tiny", sample.Size(touches=3_000, users=500, days=60))
        sample.generate(folder, size="tiny", end_date=WINDOW.end.date())
    return {table: f"read_parquet('{folder / table}.parquet')" for table in amc_schema()}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of its own."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text["name"])
def test_a_text_yields_what_plain_duckdb_says(
    connection: duckdb.DuckDBPyConnection, tables: dict[str, str], text: dict[str, Any]
) -> None:
    filled = tables | _filled(tables, text.get("given", {}))
    values = {name: _value(ParameterType(kind), value) for name, (kind, value, *_) in text.get("values", {}).items()}
    found = _run(connection, _template(text), filled, values)
    assert _compared(found) == _compared(text["rows"] if "rows" in text else _expected(filled, text))
    assert found, "a text that finds nothing shows nothing"


@pytest.mark.parametrize("table", amc_schema())
def test_every_official_table_is_there_with_its_first_column(
    connection: duckdb.DuckDBPyConnection, tables: dict[str, str], table: str
) -> None:
    subject = amc(f"SELECT COUNT(*) AS n, COUNT({next(iter(amc_schema()[table]))}) AS filled FROM {table}")
    (found,) = _run(connection, subject, tables, {})
    (expected,) = connection.execute(f"SELECT count(*) FROM {_in_window(table, tables[table])}").fetchall()
    assert found[0] == expected[0]
    assert (found[0] > 0) == (table in SAMPLE_TABLES)


def _template(text: dict[str, Any]) -> Template:
    """The text with its parameters, of which each is said as its type, its value and for an enum its choices."""
    parameters = tuple(
        Parameter(
            name=ParameterName(name), type=ParameterType(kind), rules=Rules(one_of=choices[0] if choices else None)
        )
        for name, (kind, _, *choices) in text.get("values", {}).items()
    )
    return amc(text["sql"]).model_copy(update={"parameters": parameters})


def _value(kind: ParameterType, value: Any) -> Any:
    """The value as a run takes it from a request."""
    items = value if isinstance(value, list) else [value]
    coerced = [coerce(element_type(kind), each) for each in items]
    return coerced if isinstance(value, list) else coerced[0]


def _run(
    connection: duckdb.DuckDBPyConnection, subject: Template, tables: dict[str, str], values: dict[str, Any]
) -> list[Row]:
    assert [each for each in template_problems(subject) if each.severity is Severity.ERROR] == []
    for statement in setup_statements(subject, tables, WINDOW):
        connection.execute(statement)
    return connection.execute(render(subject, values, WINDOW, DUCKDB_SQL)).fetchall()


def _filled(tables: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """The tables to which a text gives rows of its own; a column it does not name is NULL of its official type."""
    return {table: f"(SELECT * FROM {tables[table]} UNION ALL BY NAME {query})" for table, query in given.items()}


def _expected(tables: dict[str, str], text: dict[str, Any]) -> list[Row]:
    """What a DuckDB says that knows none of AMC's functions."""
    windows = {table: _in_window(table, relation) for table, relation in tables.items()}
    everything = {f"all_{table}": relation for table, relation in tables.items()}
    with duckdb.connect() as plain:
        plain.execute("SET TimeZone = 'UTC'")
        return plain.execute(text["equals"].format(**windows, **everything)).fetchall()


def _in_window(table: str, relation: str) -> str:
    column = TIME_COLUMNS.get(table)
    if column is None:
        return relation
    start, end = WINDOW.start.replace(tzinfo=None), WINDOW.end.replace(tzinfo=None)
    return f"(SELECT * FROM {relation} WHERE {column} >= TIMESTAMP '{start}' AND {column} < TIMESTAMP '{end}')"


def _compared(rows: list[Any]) -> list[str]:
    """The rows in one order, with numbers as they compare whatever their type."""
    return sorted(repr([_plain(value) for value in row]) for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return round(float(value), 6) if is_number else value
