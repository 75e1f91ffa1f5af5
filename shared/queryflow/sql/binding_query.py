"""A binding as a query over its source's result: one column `value`, in order.

The order of work is where → nulls → order_by (ties by the value) → distinct keeps the first occurrence → take →
max_items → reduce → cast. DISTINCT is never written beside ORDER BY of another column: rows get their place first, and
of equal values the one with the first place stays. Without `order_by` the values themselves are the order, so that the
same rows always give the same list. Nulls come last in every order.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow import Binding, Cast, Nulls, Reduce
from queryflow.domain.kinds import PARAMETER_KINDS, Kind, bound_kind, column_kind, fits
from queryflow.domain.parameters import Parameter, Values
from queryflow.sql.literals import quote_name, text
from queryflow.sql.placeholders import NAME
from queryflow.sql.predicate import column_named, predicate_sql, unknown_column

SOURCE = "source"
"""The relation a binding's query reads: the source's result."""
TARGETS = {
    Cast.STRING: "VARCHAR",
    Cast.INTEGER: "BIGINT",
    Cast.NUMBER: "DOUBLE",
    Cast.BOOLEAN: "BOOLEAN",
    Cast.DATE: "DATE",
    Cast.TIMESTAMP: "TIMESTAMP",
}
AGGREGATES = {Reduce.MIN: "min", Reduce.MAX: "max", Reduce.SUM: "sum", Reduce.AVG: "avg", Reduce.COUNT: "count"}
DIRECTION = re.compile(r"(?P<column>.+?)(?:\s+(?P<direction>asc|desc))?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Order:
    """One key of `order_by`."""

    column: str
    descending: bool


def binding_query(
    binding: Binding, parameter: Parameter, columns: Sequence[tuple[str, str]], flow_values: Values
) -> str:
    """DuckDB's query for the binding over the relation "source" with these columns (name, type); one column `value`.

    A list has its items in order; with `max_items` at most one more than allowed, so that the caller sees the excess.
    A scalar has no row (nothing was left: empty), one, or two (`only`, or no `reduce`: the caller refuses two).
    The query itself fails, with a sentence, on nulls where `nulls: fail`, on a value that cannot be cast, and on more
    than `max_items` behind a `reduce`. Invalid: an unknown column, a bad filter or order, a sum of what is no number.
    """
    names = [name for name, _ in columns]
    column = column_named(binding.column, names)
    if column is None:
        raise _invalid(unknown_column(binding.column, names, "column"))
    column_type = column_kind(dict(columns)[column])
    _refuse_unfit(binding, parameter, column_type)
    picked = f"kept AS ({_kept(binding, column, names, flow_values)}), picked AS ({_picked(binding, parameter)})"
    return f"WITH {picked} {_answer(binding, parameter, column_type)}"


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


def _refuse_unfit(binding: Binding, parameter: Parameter, given: Kind) -> None:
    """Refuse what validation could not, as long as the column's type was unknown."""
    wanted, yielded = PARAMETER_KINDS[parameter.type], bound_kind(binding, given)
    if yielded is None:
        message = f"{binding.reduce} takes numbers, and {binding.column} is a {given}."
        raise _invalid(Problem("REDUCE_NEEDS_NUMBERS", "reduce", message))
    if wanted is None or not fits(yielded, wanted):
        message = f"{binding.column} is a {yielded}, and {parameter.name} takes a {wanted}; choose a cast."
        raise _invalid(Problem("TYPE_MISMATCH", "column", message))


def _kept(binding: Binding, column: str, names: Sequence[str], flow_values: Values) -> str:
    """The rows that pass the filter, each value with its place."""
    value = quote_name(column)
    conditions = [] if binding.where is None else [f"({predicate_sql(binding.where, names, flow_values)})"]
    conditions += [f"{value} IS NOT NULL"] if binding.nulls is Nulls.DROP else []
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    keys = ", ".join([*_keys(binding, names), f"{value} ASC NULLS LAST"])
    checked = _without_nulls(value, column) if binding.nulls is Nulls.FAIL else value
    return f'SELECT {checked} AS value, row_number() OVER (ORDER BY {keys}) AS place FROM "{SOURCE}"{where}'


def _keys(binding: Binding, names: Sequence[str]) -> list[str]:
    problems = order_problems(binding.order_by, names, "order_by")
    if problems:
        raise Invalid(problems[0].message, problems)
    orders = [order for item in binding.order_by if (order := order_of(item, names)) is not None]
    return [f"{quote_name(each.column)} {'DESC' if each.descending else 'ASC'} NULLS LAST" for each in orders]


def _without_nulls(value: str, column: str) -> str:
    message = text(f"The column {column} has a null value, and the binding says nulls: fail.", "duckdb")
    return f"CASE WHEN {value} IS NULL THEN error({message}) ELSE {value} END"


def _picked(binding: Binding, parameter: Parameter) -> str:
    """Each distinct value at its first place, cut after `take`, or one after `max_items`."""
    rows = "SELECT value, min(place) AS place FROM kept GROUP BY value" if binding.distinct else "FROM kept"
    most = _most(binding, parameter)
    return f"{rows} ORDER BY place" + ("" if most is None else f" LIMIT {most}")


def _most(binding: Binding, parameter: Parameter) -> int | None:
    """How many rows are worth having: one more than allowed shows that there are too many."""
    ends = [binding.take, None if binding.max_items is None else binding.max_items + 1]
    alone = not parameter.type.is_list and binding.reduce in {None, Reduce.ONLY}
    return min((each for each in [*ends, 2 if alone and binding.max_items is None else None] if each), default=None)


def _answer(binding: Binding, parameter: Parameter, given: Kind) -> str:
    reduce = None if parameter.type.is_list else binding.reduce
    if reduce in AGGREGATES:
        return _aggregated(binding, AGGREGATES[reduce], given)
    value = _converted(binding, "value", given)
    if reduce is Reduce.FIRST:
        return f"SELECT {_checked(binding, value)} AS value FROM picked ORDER BY place LIMIT 1"
    return f"SELECT {value} AS value FROM picked ORDER BY place"


def _aggregated(binding: Binding, aggregate: str, given: Kind) -> str:
    reduced, kind = "count(*)" if binding.reduce is Reduce.COUNT else f"{aggregate}(value)", _reduced(binding, given)
    return f"SELECT {_checked(binding, _converted(binding, reduced, kind))} AS value FROM picked HAVING count(*) > 0"


def _reduced(binding: Binding, given: Kind) -> Kind:
    """The kind of what the reduce yields."""
    if binding.reduce is Reduce.COUNT:
        return Kind.INTEGER
    return Kind.NUMBER if binding.reduce is Reduce.AVG else given


def _checked(binding: Binding, value: str) -> str:
    """The value, or the query's failure if more rows came than `max_items` allows."""
    if binding.max_items is None:
        return value
    message = text(f"The binding yields more than max_items ({binding.max_items}).", "duckdb")
    return f"CASE WHEN (SELECT count(*) FROM picked) > {binding.max_items} THEN error({message}) ELSE {value} END"


def _converted(binding: Binding, value: str, given: Kind) -> str:
    """The value cast as the binding says; else integers of any width as 64-bit ones."""
    if binding.cast is not None:
        return exact_cast(value, given, binding.cast)
    return f"CAST({value} AS BIGINT)" if given is Kind.INTEGER else value


def exact_cast(value: str, given: Kind, cast: Cast) -> str:
    """The value as another type, null as null; the query fails on a value that has no exact counterpart.

    DuckDB rounds '1.5' and 1.5 to the integer 2; here they have none.
    """
    tried = f"TRY_CAST({_castable(value, given, cast)} AS {TARGETS[cast]})"
    message = f"'Cannot cast ' || coalesce(CAST({value} AS VARCHAR), '') || ' to {cast.value}.'"
    return f"CASE WHEN {value} IS NOT NULL AND {tried} IS NULL THEN error({message}) ELSE {tried} END"


def _castable(value: str, given: Kind, cast: Cast) -> str:
    if cast is not Cast.INTEGER or given in {Kind.INTEGER, Kind.BOOLEAN}:
        return value
    if given is Kind.NUMBER:
        return f"CASE WHEN {value} = trunc({value}) THEN {value} END"
    return f"CASE WHEN regexp_full_match(trim(CAST({value} AS VARCHAR)), '[+-]?[0-9]+') THEN {value} END"


def _unquoted(name: str) -> tuple[str, bool]:
    if len(name) > 2 and name.startswith('"') and name.endswith('"'):
        return name[1:-1].replace('""', '"'), True
    return name, False


def _invalid(problem: Problem) -> Invalid:
    return Invalid(problem.message, (problem,))
