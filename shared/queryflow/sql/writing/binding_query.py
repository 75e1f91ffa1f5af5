"""A binding as a query over its source's result: one column `value`, in order.

The order of work is where → cast → nulls → order_by (ties by the value) → distinct keeps the first occurrence → take →
max_items → reduce; versions of the semantics CAST_LAST cast what the reduce yields. DISTINCT is never written beside
ORDER BY of another column: rows get their place first, and of equal values the one with the first place stays. Without
`order_by` the values themselves are the order, so that the same rows always give the same list; `order_by` the bound
column means what the cast made of it. Nulls come last in every order.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow.flow import Binding, Nulls, Reduce
from queryflow.domain.flow.kinds import PARAMETER_KINDS, Kind, bound_kind, column_kind, fits
from queryflow.domain.flow.semantics import NEWEST, Semantics, is_distinct
from queryflow.domain.values.parameters import Parameter, Values
from queryflow.domain.wording import with_article
from queryflow.sql.literals import quote_name, text
from queryflow.sql.notation import DUCKDB_SQL
from queryflow.sql.reading.placeholders import NAME
from queryflow.sql.writing.exact_casts import Operand, exact_cast, fitted
from queryflow.sql.writing.predicate import predicate_sql
from queryflow.sql.writing.predicate_columns import column_named, unknown_column

SOURCE = "source"
"""The relation a binding's query reads: the source's result."""
AGGREGATES = {Reduce.MIN: "min", Reduce.MAX: "max", Reduce.SUM: "sum", Reduce.AVG: "avg", Reduce.COUNT: "count"}
REDUCED_TYPES = {Reduce.COUNT: "BIGINT", Reduce.AVG: "DOUBLE"}
"""What a reduce yields, whatever it reads."""
SUM_OF_INTEGERS = "HUGEINT"
DIRECTION = re.compile(r"(?P<column>.+?)(?:\s+(?P<direction>asc|desc))?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Order:
    """One key of `order_by`."""

    column: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Given:
    """What a binding reads: the source's columns (name, DuckDB's word for the type) and the flow's values."""

    columns: Sequence[tuple[str, str]]
    flow_values: Values = field(default_factory=dict)
    semantics: Semantics = NEWEST

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [name for name, _ in self.columns]

    @property
    def kinds(self) -> dict[str, Kind]:
        """What each column holds."""
        return {name: column_kind(word) for name, word in self.columns}


def binding_query(binding: Binding, parameter: Parameter, given: Given) -> str:
    """DuckDB's query for the binding over the relation "source" with the given columns; one column `value`.

    A list has its items in order; with `max_items` at most one more than allowed, so that the caller sees the excess.
    A scalar has no row (nothing was left: empty), one, or two (`only`, or no `reduce`: the caller refuses two).
    The query itself fails, with a sentence, on nulls where `nulls: fail`, on a value that cannot be cast or held, and
    on more than `max_items` behind a `reduce`. Invalid: an unknown column, a bad filter or order, a sum of no numbers.
    """
    column = column_named(binding.column, given.names)
    if column is None:
        raise _invalid(unknown_column(binding.column, given.names, "column"))
    return _Query(binding, parameter, given, column).sql()


def order_of(item: str, columns: Sequence[str] | None) -> Order | None:
    """One item of `order_by`: `column`, `column asc` or `column desc`, the name as it is or in double quotes.

    None if it is something else, or no column of these (None: not known; then only plain and quoted names are taken).
    """
    found = DIRECTION.fullmatch(item.strip())
    if found is None:
        return None
    name, quoted = _unquoted(found["column"].strip())
    descending = (found["direction"] or "asc").lower() == "desc"
    if columns is None:
        return Order(name, descending) if quoted or NAME.fullmatch(name) else None
    known = column_named(name, columns)
    return None if known is None else Order(known, descending)


def order_problems(order_by: Sequence[str], columns: Sequence[str] | None, path: str) -> list[Problem]:
    """The items of `order_by` that name no column, or are no such item."""
    return [
        Problem("BAD_ORDER", f"{path}.{index}", f"{item!r} is no column of the source with asc or desc behind it.")
        for index, item in enumerate(order_by)
        if order_of(item, columns) is None
    ]


@dataclass(frozen=True, slots=True)
class _Query:
    """A binding whose column was found."""

    binding: Binding
    parameter: Parameter
    given: Given
    column: str

    def sql(self) -> str:
        self.refuse_unfit()
        return f"WITH kept AS ({self.kept()}), picked AS ({self.picked()}) {self.answer()}"

    @property
    def column_type(self) -> str:
        return dict(self.given.columns)[self.column]

    @property
    def casts_first(self) -> bool:
        return self.given.semantics is not Semantics.CAST_LAST

    @property
    def reduce(self) -> Reduce | None:
        return None if self.parameter.type.is_list else self.binding.reduce

    def refuse_unfit(self) -> None:
        """Refuse what validation could not, as long as the column's type was unknown."""
        binding, kind = self.binding, column_kind(self.column_type)
        wanted, yielded = PARAMETER_KINDS[self.parameter.type], bound_kind(binding, kind, self.given.semantics)
        if yielded is None:
            message = f"{binding.reduce} takes numbers, and {binding.column} is {with_article(kind)}."
            raise _invalid(Problem("REDUCE_NEEDS_NUMBERS", "reduce", message))
        if wanted is None or not fits(yielded, wanted):
            takes = f"{self.parameter.name} takes {with_article(wanted or Kind.OTHER)}"
            message = f"{binding.column} is {with_article(yielded)}, and {takes}; choose a cast."
            raise _invalid(Problem("TYPE_MISMATCH", "column", message))

    def kept(self) -> str:
        """The rows that pass the filter, each value with its place."""
        orders = _orders(self.binding, self.given.names)
        keys = ["value" if each.column == self.column else f"key_{at}" for at, each in enumerate(orders)]
        read = [
            f"{self.read()} AS value",
            *(f"{quote_name(each.column)} AS key_{at}" for at, each in enumerate(orders)),
        ]
        directed = [
            f"{key} {'DESC' if each.descending else 'ASC'} NULLS LAST" for key, each in zip(keys, orders, strict=True)
        ]
        rows = f'SELECT {", ".join(read)} FROM "{SOURCE}"{self.where()}'
        place = f"row_number() OVER (ORDER BY {', '.join([*directed, 'value ASC NULLS LAST'])})"
        return f"SELECT value, {place} AS place FROM ({rows})"

    def where(self) -> str:
        """The filter, and nulls dropped: a cast makes no null, so the column itself tells."""
        binding = self.binding
        filters = (
            [f"({predicate_sql(binding.where, self.given.kinds, self.given.flow_values)})"] if binding.where else []
        )
        filters += [f"{quote_name(self.column)} IS NOT NULL"] if binding.nulls is Nulls.DROP else []
        return f" WHERE {' AND '.join(filters)}" if filters else ""

    def read(self) -> str:
        """The column's value as the steps after the cast see it."""
        value = quote_name(self.column)
        converted = self.converted(value, self.column_type) if self.casts_first else value
        if self.binding.nulls is not Nulls.FAIL:
            return converted
        message = text(f"The column {self.column} has a null value, and the binding says nulls: fail.", DUCKDB_SQL)
        return f"CASE WHEN {value} IS NULL THEN error({message}) ELSE {converted} END"

    def converted(self, value: str, type_: str) -> str:
        """The value cast as the binding says, else as the parameter holds it."""
        operand, wanted = Operand(value, type_, self.column), PARAMETER_KINDS[self.parameter.type]
        if self.binding.cast is not None:
            return exact_cast(operand, self.binding.cast)
        return value if wanted is None or self.binding.reduce is Reduce.COUNT else fitted(operand, wanted)

    def picked(self) -> str:
        """Each value at its place, distinct ones at their first, cut after `take`, or one after `max_items`."""
        distinct = is_distinct(self.binding, self.given.semantics)
        rows = "SELECT value, min(place) AS place FROM kept GROUP BY value" if distinct else "FROM kept"
        most = self.most()
        return f"{rows} ORDER BY place" + ("" if most is None else f" LIMIT {most}")

    def most(self) -> int | None:
        """How many rows are worth having: one more than allowed shows that there are too many."""
        binding = self.binding
        ends = [binding.take, None if binding.max_items is None else binding.max_items + 1]
        alone = not self.parameter.type.is_list and binding.reduce in {None, Reduce.ONLY}
        ends += [2] if alone and binding.max_items is None else []
        return min((each for each in ends if each), default=None)

    def answer(self) -> str:
        if self.reduce in AGGREGATES:
            return self.aggregated(self.reduce)
        value = "value" if self.casts_first else self.converted("value", self.column_type)
        if self.reduce is Reduce.FIRST:
            return f"SELECT {self.checked(value)} AS value FROM picked ORDER BY place LIMIT 1"
        return f"SELECT {value} AS value FROM picked ORDER BY place"

    def aggregated(self, reduce: Reduce) -> str:
        reduced = "count(*)" if reduce is Reduce.COUNT else f"{AGGREGATES[reduce]}(value)"
        if not self.casts_first:
            reduced = self.converted(reduced, self.reduced_type(reduce))
        elif reduce is Reduce.SUM and PARAMETER_KINDS[self.parameter.type] is Kind.INTEGER:
            reduced = fitted(Operand(reduced, SUM_OF_INTEGERS, f"The sum of {self.column}"), Kind.INTEGER)
        return f"SELECT {self.checked(reduced)} AS value FROM picked HAVING count(*) > 0"

    def reduced_type(self, reduce: Reduce) -> str:
        """DuckDB's word for what the reduce yields."""
        if reduce is Reduce.SUM and column_kind(self.column_type) is Kind.INTEGER:
            return SUM_OF_INTEGERS
        return REDUCED_TYPES.get(reduce, self.column_type)

    def checked(self, value: str) -> str:
        """The value, or the query's failure if more rows came than `max_items` allows."""
        most = self.binding.max_items
        if most is None:
            return value
        message = text(f"The binding yields more than max_items ({most}).", DUCKDB_SQL)
        return f"CASE WHEN (SELECT count(*) FROM picked) > {most} THEN error({message}) ELSE {value} END"


def _orders(binding: Binding, names: Sequence[str]) -> list[Order]:
    problems = order_problems(binding.order_by, names, "order_by")
    if problems:
        raise Invalid(problems[0].message, problems)
    return [order for item in binding.order_by if (order := order_of(item, names)) is not None]


def _unquoted(name: str) -> tuple[str, bool]:
    if len(name) > 2 and name.startswith('"') and name.endswith('"'):
        return name[1:-1].replace('""', '"'), True
    return name, False


def _invalid(problem: Problem) -> Invalid:
    return Invalid(problem.message, (problem,))
