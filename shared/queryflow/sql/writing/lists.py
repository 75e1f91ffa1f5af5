"""Lists in SQL: one meaning whatever their length, for the form depends on the place and never on the number of items.

Between the parentheses of IN, ANY and ALL, and in ARRAY_CONTAINS, a list is rows: a query of one column of the list's
type. Elsewhere it is one value, an array of that type. A short list is written out; a long one is a file, which a
view and a variable stand for, in a schema whose name does not occur in the author's SQL: no table and no CTE can have
its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from queryflow.domain.values.items import Findings
from queryflow.domain.values.parameters import Parameter, ParameterType
from queryflow.sql.literals import KINDS, array, element_of, item, item_type, literal, quote_name, text
from queryflow.sql.notation import DUCKDB_SQL, Notation

MOST_IN_PIVOT = 1_000
"""Longer lists are never written out item by item: each item of a PIVOT's list becomes a column."""


@dataclass(frozen=True, slots=True)
class RegisteredList:
    """A list too long to write out: a Parquet file of one column `value`, present where the query runs."""

    name: str
    """The parameter's."""
    type: ParameterType
    items: int
    """Nulls among them."""
    only_nulls: bool = False
    findings: Findings = field(default_factory=Findings)
    """What was found wrong with them."""


@dataclass(frozen=True, slots=True)
class WrittenList:
    """A list that is written out, and the type its source gives to each item (`DECIMAL(18,2)`)."""

    values: Sequence[Any]
    element: str


class ListForm(Protocol):
    """How one list is written in one SQL."""

    @property
    def rows(self) -> str:
        """A query of its items."""

    @property
    def present(self) -> str | None:
        """A query of its items that are not null; None if there is none."""

    @property
    def whole(self) -> str:
        """An array."""

    @property
    def items(self) -> str | None:
        """Its items one by one, each with its type; None if a PIVOT cannot have so many, or none."""

    @property
    def length(self) -> int | None:
        """How many items it has, where that need not be computed."""


def list_form(value: Any, parameter: Parameter, notation: Notation, schema: str) -> ListForm:
    """The forms of a parameter's list: None (nobody set it), a Python list, a WrittenList or a RegisteredList."""
    if isinstance(value, RegisteredList):
        return _Registered(f"{schema}.{quote_name(value.name)}", _variable(schema, value.name), value)
    if isinstance(value, WrittenList):
        return _Written(value.values, parameter.type, notation, value.element)
    given = [] if value is None else value
    return _Written(value, parameter.type, notation, element_of(given, parameter.type, notation))


@dataclass(frozen=True, slots=True)
class _Registered:
    """Of a list that is a file."""

    view: str
    whole: str
    value: RegisteredList
    items: None = None  # a PIVOT cannot have so many

    @property
    def length(self) -> int:
        return self.value.items

    @property
    def rows(self) -> str:
        return f"SELECT value FROM {self.view}"

    @property
    def present(self) -> str | None:
        return None if self.value.only_nulls else f"{self.rows} WHERE value IS NOT NULL"


@dataclass(frozen=True, slots=True)
class _Written:
    """Of a list that is written out."""

    values: Sequence[Any] | None
    type: ParameterType
    notation: Notation
    element: str
    length: None = None

    @property
    def rows(self) -> str:
        return f"SELECT unnest({self.whole})"

    @property
    def present(self) -> str | None:
        values = [each for each in self.values or () if each is not None]
        return f"SELECT unnest({array(values, self.type, self.notation, self.element)})" if values else None

    @property
    def whole(self) -> str:
        if self.values is None:
            return literal(None, self.type, self.notation)
        return array(self.values, self.type, self.notation, self.element)

    @property
    def items(self) -> str | None:
        """Each has its type, for a PIVOT compares texts: 0 is not 0.00."""
        if not self.values or len(self.values) > MOST_IN_PIVOT:
            return None
        written = ("NULL" if each is None else item(each, self.type, self.notation) for each in self.values)
        return ", ".join(f"CAST({each} AS {self.element})" for each in written)


def list_schema(sql: str) -> str:
    """The schema of the lists of this SQL: a name that does not occur in it."""
    name, words = "lists", sql.casefold()
    while name in words:
        name += "_"
    return name


def list_statements(sql: str, rendered: str, files: Mapping[str, tuple[str, ParameterType]]) -> tuple[str, ...]:
    """What prepares a DuckDB for the lists of a template's SQL, in order: views, and variables where whole lists stand.

    `files` gives the relative name of each list's Parquet file, and the parameter's type, by the parameter's name.
    """
    if not files:
        return ()
    schema = list_schema(sql)
    views = [_view(schema, name, *facts) for name, facts in files.items()]
    wholes = [_set(schema, name) for name in files if _variable(schema, name) in rendered]
    return (f"CREATE SCHEMA {schema}", *views, *wholes)


def _view(schema: str, name: str, file: str, parameter_type: ParameterType) -> str:
    """A view of the list and the place of each item; all but numbers are of the parameter's own type."""
    number = KINDS[parameter_type] == "number"
    value = "value" if number else f"CAST(value AS {item_type(parameter_type, DUCKDB_SQL)}) AS value"
    rows = f"FROM read_parquet({text(file, DUCKDB_SQL)}, file_row_number = true)"
    return f"CREATE VIEW {schema}.{quote_name(name)} AS SELECT {value}, file_row_number AS place {rows}"


def _set(schema: str, name: str) -> str:
    value = f"SELECT list(value ORDER BY place) FROM {schema}.{quote_name(name)}"
    return f"SET VARIABLE {quote_name(f'{schema}.{name}')} = ({value})"


def _variable(schema: str, name: str) -> str:
    return f"getvariable({text(f'{schema}.{name}', DUCKDB_SQL)})"
