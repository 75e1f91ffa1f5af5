"""SQL over a table of texts: what its values are written like, and those values as the types they are to have."""

import re
from dataclasses import dataclass

from queryflow.domain.files.column_types import DATE_SHAPE, OFFSET_SHAPE, TIME_SHAPE, Kind
from queryflow.domain.files.table_options import TableOptions
from queryflow.sql.literals import text as literal
from queryflow.sql.notation import DUCKDB_SQL

_NO_NUMBER = "(?i)nan|[+-]?inf(inity)?"
_WITH_TIME = re.compile(r"%[HIMSfgnpcXT]")
_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"},
)


@dataclass(frozen=True, slots=True)
class Writing:
    """How numbers and dates are written in a table."""

    decimal: str = "."
    thousands: str | None = None
    date_format: str | None = None

    @classmethod
    def of(cls, options: TableOptions) -> "Writing":
        """As it is declared."""
        return cls(options.decimal, options.thousands, options.date_format)

    @property
    def formatted_type(self) -> str:
        """The type of what the declared format writes."""
        if self.date_format is None or not _WITH_TIME.search(self.date_format):
            return "DATE"
        return "TIMESTAMP WITH TIME ZONE" if "%z" in self.date_format.lower() else "TIMESTAMP"


def text(word: str) -> str:
    """The word as a string of DuckDB's SQL."""
    return literal(str(word), DUCKDB_SQL)


def kind_sql(column: str, writing: Writing) -> str:
    """The `Kind` of the column's value, which is neither NULL nor empty; the first that fits."""
    whens = " ".join(f"WHEN {condition} THEN {text(kind)}" for kind, condition in _conditions(column, writing))
    return f"CASE {whens} ELSE {text(Kind.OTHER)} END"


def facts_sql(table: str, column: str, writing: Writing, by: str = "") -> str:
    """One row for each kind of value in the column of texts: the fields of `KindFacts` with the kind before them.

    With `by`, another column, one for each kind of value that stands with each of its values, which then comes first.
    """
    groups = f"{by}, kind" if by else "kind"
    ungrouped, point = _ungrouped(column, writing), text(writing.decimal)
    number = f"replace({ungrouped}, '-', '')"
    whole, fraction = f"split_part({number}, {point}, 1)", f"split_part({number}, {point}, 2)"
    real = f"kind = '{Kind.DECIMAL}' AND {fraction} <> '0'"
    number_kinds = f"kind IN ('{Kind.WHOLE}', '{Kind.DECIMAL}')"
    items = (
        groups,
        "count(*)",
        f"coalesce(first({column}) FILTER ({real} AND {fraction}[-1] = '0'), first({column}))",
        f"coalesce(max(CASE WHEN {whole} = '0' THEN 0 ELSE length({whole}) END) FILTER ({number_kinds}), 0)",
        f"min(length({fraction})) FILTER ({real})",
        f"max(length({fraction})) FILTER ({real})",
        f"bool_or(kind = '{Kind.DECIMAL}' AND {fraction} = '0')",
        f"coalesce(bool_or({fraction}[-1] = '0') FILTER ({real}), false)",
        f"coalesce(bool_or(TRY_CAST({ungrouped} AS BIGINT) IS NULL) FILTER (kind = '{Kind.WHOLE}'), false)",
    )
    kinds = f"SELECT *, {kind_sql(column, writing)} AS kind FROM {table} WHERE {column} <> ''"
    return f"SELECT {', '.join(items)} FROM ({kinds}) GROUP BY {groups}"


def is_other_sql(column: str, writing: Writing) -> str:
    """Whether the column's value, neither NULL nor empty, can be nothing but text."""
    return f"{kind_sql(column, writing)} = {text(Kind.OTHER)}"


def typed_sql(column: str, type_: str, writing: Writing, *, may_be_empty: bool = True) -> str:
    """The column's value in a type that all its values have; '' is NULL but in a text."""
    if type_ == "VARCHAR":
        return column
    value = f"nullif({column}, '')" if may_be_empty else column
    if _is_number(type_):
        return f"CAST({_number(value, writing)} AS {type_})"
    if writing.date_format is not None and type_ == writing.formatted_type:
        parsed = f"CAST(try_strptime({value}, {text(writing.date_format)}) AS {type_})"
        return f"coalesce({parsed}, TRY_CAST({value} AS {type_}))"
    return f"CAST({value} AS {type_})"


def declared_sql(column: str, type_: str, writing: Writing) -> str:
    """The column's value in the type that was declared for it; NULL where it cannot be that without a loss."""
    value = f"nullif({column}, '')"
    if type_ == "VARCHAR":
        return column
    if type_ in _INTEGERS or type_.startswith("DECIMAL"):
        return _exact_number(value, type_, writing)
    if type_ in {"FLOAT", "DOUBLE"}:
        typed = f"TRY_CAST({_number(value, writing)} AS {type_})"
        return f"CASE WHEN {_is_written_number(value, writing)} OR {_matches(value, _NO_NUMBER)} THEN {typed} END"
    if type_ in {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIME"}:
        return _exact_time(value, type_, writing)
    return f"TRY_CAST({value} AS {type_})"


def _exact_number(value: str, type_: str, writing: Writing) -> str:
    number = _number(value, writing)
    typed = f"TRY_CAST({number} AS {type_})"
    scale = int(type_[:-1].rpartition(",")[2]) if type_.startswith("DECIMAL") else 0
    plain = _matches(number, rf"[+-]?[0-9]*(\.[0-9]{{0,{scale}}}0*)?")
    same = f"TRY_CAST({number} AS DECIMAL(38,{min(38, scale + 12)})) = {typed}"
    return f"CASE WHEN {_is_written_number(value, writing)} AND ({plain} OR {same}) THEN {typed} END"


def _is_written_number(value: str, writing: Writing) -> str:
    """Whether it is a number as they are written here, also with a plus, leading zeros or an exponent."""
    point, mark = re.escape(writing.decimal), re.escape(writing.thousands or "")
    whole = rf"([0-9]+|[0-9]{{1,3}}({mark}[0-9]{{3}})+)" if mark else "[0-9]+"
    return _matches(value, rf"[+-]?({whole}({point}[0-9]*)?|{point}[0-9]+)([eE][+-]?[0-9]+)?")


def _exact_time(value: str, type_: str, writing: Writing) -> str:
    shapes = {
        "DATE": DATE_SHAPE,
        "TIMESTAMP": f"{DATE_SHAPE}([T ]{TIME_SHAPE})?",
        "TIMESTAMP WITH TIME ZONE": f"{DATE_SHAPE}([T ]{TIME_SHAPE} ?{OFFSET_SHAPE}?)?",
        "TIME": TIME_SHAPE,
    }
    iso = f"CASE WHEN regexp_full_match({value}, {text(shapes[type_])}) THEN TRY_CAST({value} AS {type_}) END"
    if writing.date_format is None or type_ == "TIME":
        return iso
    parsed = f"try_strptime({value}, {text(writing.date_format)})"
    kept = f"CASE WHEN CAST({parsed} AS {type_}) = {parsed} THEN CAST({parsed} AS {type_}) END"
    return f"coalesce({kept}, {iso})"


def _conditions(column: str, writing: Writing) -> list[tuple[Kind, str]]:
    point, mark = re.escape(writing.decimal), re.escape(writing.thousands or "")
    digits = rf"(0|[1-9][0-9]{{0,2}}({mark}[0-9]{{3}})+|[1-9][0-9]*)" if mark else "(0|[1-9][0-9]*)"
    loose = rf"([0-9]+({point}[0-9]*)?|{point}[0-9]+)"
    formatted = writing.date_format and f"try_strptime({column}, {text(writing.date_format)}) IS NOT NULL"
    conditions = [
        (Kind.WHOLE, _matches(column, f"-?{digits}")),
        (Kind.DECIMAL, _matches(column, f"-?{digits}{point}[0-9]+")),
        (Kind.LEADING_ZERO, _matches(column, f"-?0[0-9]+({point}[0-9]+)?")),
        (Kind.PLUS, _matches(column, rf"\+{loose}")),
        (Kind.EXPONENT, _matches(column, rf"[+-]?{loose}[eE][+-]?[0-9]+")),
        (Kind.FORMATTED, formatted or "false"),
        (Kind.DATE, _timed(column, DATE_SHAPE, "DATE")),
        (Kind.TIMESTAMP, _timed(column, f"{DATE_SHAPE}[T ]{TIME_SHAPE}", "TIMESTAMP")),
        (
            Kind.TIMESTAMP_WITH_OFFSET,
            _timed(column, f"{DATE_SHAPE}[T ]{TIME_SHAPE}{OFFSET_SHAPE}", "TIMESTAMP WITH TIME ZONE"),
        ),
        (Kind.TIME, _matches(column, TIME_SHAPE)),
        (Kind.BOOLEAN, f"lower({column}) IN ('true', 'false')"),
    ]
    return [each for each in conditions if each[1] != "false"]


def _matches(column: str, pattern: str) -> str:
    return f"regexp_full_match({column}, {text(pattern)})"


def _timed(column: str, pattern: str, type_: str) -> str:
    """Years begin with 1: DuckDB takes the year 0 for one before Christ."""
    return f"({_matches(column, pattern)} AND {column} >= '0001' AND TRY_CAST({column} AS {type_}) IS NOT NULL)"


def _is_number(type_: str) -> bool:
    return type_ in _INTEGERS or type_ in {"FLOAT", "DOUBLE"} or type_.startswith("DECIMAL")


def _ungrouped(value: str, writing: Writing) -> str:
    return value if writing.thousands is None else f"replace({value}, {text(writing.thousands)}, '')"


def _number(value: str, writing: Writing) -> str:
    """The number as SQL writes it."""
    ungrouped = _ungrouped(value, writing)
    return ungrouped if writing.decimal == "." else f"replace({ungrouped}, {text(writing.decimal)}, '.')"
