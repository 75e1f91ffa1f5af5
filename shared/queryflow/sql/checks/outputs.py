"""The columns a template yields, as far as its SQL proves them."""

import re
from collections.abc import Mapping
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from queryflow.domain.errors import Invalid
from queryflow.domain.flow.template import Dialect, Output, Template
from queryflow.sql.amc.amc_schema import amc_schema
from queryflow.sql.literals import sql_type
from queryflow.sql.notation import DUCKDB_SQL
from queryflow.sql.reading.parsing import placeholder_name, statements
from queryflow.sql.reading.tokens import READ_AS

Schema = Mapping[str, Mapping[str, str]]
"""By table and column: the engine's (or AMC's) word for the type."""

AMC_WORDS = {"STRING": "VARCHAR", "LONG": "BIGINT", "SHORT": "SMALLINT", "BYTE": "TINYINT", "FLOAT": "REAL"}
PARTS = re.compile(r"\w+")
WORDS = {"TEXT": "VARCHAR", "INT": "INTEGER"}
"""Sqlglot's words that the engines spell in another way."""
TO_AMC = {"VARCHAR": "STRING", "BIGINT": "LONG", "SMALLINT": "SHORT", "TINYINT": "BYTE", "REAL": "FLOAT"}
FUNCTION_TYPES = {
    "SECONDS_BETWEEN": "BIGINT",
    "CARDINALITY": "INT",
    "PERCENTILE": "DOUBLE",
    "CHARINDEX": "INT",
    "HASH64": "BIGINT",
    "REGEXP_SUBSTR": "VARCHAR",
    "CONVERT_TIME_ZONE_FROM_UTC": "TIMESTAMP",
    "EPOCH_TO_UTC_TIMESTAMP": "TIMESTAMP",
    "CONTAINED_IN": "BOOLEAN",
}
"""AMC's functions that sqlglot does not know, and what they yield."""
MOST_PARTS = 500
"""SELECTs and tables of a query whose types are looked for: sqlglot's time for it grows with their square."""
UNTYPED = frozenset({"UNKNOWN", "NULL", "UNDEFINED"})


def infer_outputs(template: Template, schema: Schema | None = None) -> tuple[Output, ...]:
    """The template's columns in order, their types where provable, else None; empty if not every name is certain.

    Without `schema`, AMC's official one stands for templates of AMC, and other templates get the types that do not
    depend on tables. SQL that cannot be understood yields nothing; `template_problems` says why.
    """
    try:
        trees = statements(template.sql, template.dialect)
    except Invalid:
        return ()
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        return ()
    known = amc_schema() if schema is None and template.dialect is Dialect.AMC else schema
    try:
        return _outputs(template, trees[0], known)
    except RecursionError:  # a type that is nested a hundred deep can be read, but not written
        return ()


def yields_one_row(template: Template) -> bool:
    """Whether the SQL proves that there is one row at most: aggregates without GROUP BY, or LIMIT 1."""
    try:
        trees = statements(template.sql, template.dialect)
    except Invalid:
        return False
    return len(trees) == 1 and isinstance(trees[0], exp.Select) and (_is_cut(trees[0]) or _is_aggregated(trees[0]))


def _is_cut(select: exp.Select) -> bool:
    limit = select.args.get("limit")
    return isinstance(limit, exp.Limit) and isinstance(limit.expression, exp.Literal) and limit.expression.this == "1"


def _is_aggregated(select: exp.Select) -> bool:
    if select.args.get("group") is not None or any(select.find_all(exp.Explode, exp.Unnest)):
        return False
    return any(_aggregates(each) for each in select.expressions)


def _aggregates(projection: exp.Expr) -> bool:
    """Whether the column is an aggregate of the query itself, not of a window or a query inside."""
    return any(
        call.find_ancestor(exp.Window, exp.Select) is projection.find_ancestor(exp.Select)
        for call in projection.find_all(exp.AggFunc)
    )


def _outputs(template: Template, tree: exp.Query, schema: Schema | None) -> tuple[Output, ...]:
    names = tree.named_selects
    typed = _typed(template, tree, schema)
    if any(each.is_star for each in tree.selects):
        names = [] if typed is None or any(each.is_star for each in typed.selects) else typed.named_selects
    if not names or not all(names) or len({name.casefold() for name in names}) < len(names):
        return ()
    types: list[str | None] = [None] * len(names)
    if typed is not None and len(typed.selects) == len(names):
        types = [_word(each, template.dialect) for each in typed.selects]
    return tuple(Output(name=name, type=word) for name, word in zip(names, types, strict=True))


def _typed(template: Template, tree: exp.Query, schema: Schema | None) -> exp.Query | None:
    """The tree with columns resolved and types on its nodes; None if sqlglot cannot resolve it, or would take long."""
    if sum(1 for _ in tree.find_all(exp.Select, exp.Table)) > MOST_PARTS:
        return None
    dialect = READ_AS[template.dialect]
    tables = MappingSchema(_types(schema or {}), dialect=dialect)
    options: dict[str, Any] = {"validate_qualify_columns": False, "quote_identifiers": False, "identify": False}
    try:
        prepared = tree.copy().transform(lambda node: _plain(node, template))
        resolved = qualify(prepared, schema=tables, dialect=dialect, **options)
        typed = annotate_types(resolved, schema=tables, dialect=dialect)
    except (SqlglotError, RecursionError):
        return None
    return typed if isinstance(typed, exp.Query) else None


def _types(schema: Schema) -> dict[str, Any]:
    return {
        table: {column: word for column, name in columns.items() if (word := _known_word(name)) is not None}
        for table, columns in schema.items()
    }


def _known_word(name: str) -> str | None:
    """A type's word for sqlglot; arrays of AMC are ARRAY[LONG]."""
    word = name.upper()
    if word.startswith("ARRAY["):
        return f"{AMC_WORDS.get(word[6:-1], word[6:-1])}[]"
    if word.startswith("DECIMALDATATYPE") or word == "DECIMAL":
        return "DECIMAL(38, 4)"
    return AMC_WORDS.get(word, word)


def _plain(node: exp.Expr, template: Template) -> exp.Expr:
    """The node as sqlglot can type it: placeholders typed, AMC's tables plain, AMC's functions with their types."""
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Anonymous):
        return _extended_table(node)
    if not isinstance(node, exp.Anonymous) or isinstance(node.parent, exp.Cast):
        return node
    if placeholder_name(node) is not None:
        return exp.cast(exp.null(), _placeholder_type(node, template), copy=False)
    return _typed_call(node)


def _placeholder_type(node: exp.Expr, template: Template) -> str:
    parameter = template.parameter(placeholder_name(node) or "")
    return "TIMESTAMP" if parameter is None else sql_type(parameter.type, DUCKDB_SQL)


def _typed_call(node: exp.Anonymous) -> exp.Expr:
    name = node.name.upper()
    if name == "COLLECT" and len(node.expressions) == 1:
        return exp.ArrayAgg(this=node.expressions[0])
    if name == "NVL":
        return exp.Coalesce(this=node.expressions[0], expressions=node.expressions[1:])
    return exp.cast(node, FUNCTION_TYPES[name]) if name in FUNCTION_TYPES else node


def _extended_table(node: exp.Table) -> exp.Expr:
    """[TABLE(]EXTEND_TIME_WINDOW('t', …)[)] as the table t, with its alias."""
    calls = [each for each in node.find_all(exp.Anonymous) if each.name.upper() == "EXTEND_TIME_WINDOW"]
    if not calls or not calls[0].expressions:
        return node
    table = exp.to_table(calls[0].expressions[0].name)
    table.set("alias", node.args.get("alias"))
    return table


def _word(projection: exp.Expr, dialect: Dialect) -> str | None:
    """The column's type in the words of the dialect; None if any part of it is unknown."""
    found = projection.type
    if found is None or any(each.this.name in UNTYPED for each in found.find_all(exp.DataType)):
        return None
    word = PARTS.sub(lambda part: WORDS.get(part[0], part[0]), found.sql(READ_AS[dialect]).replace(", ", ","))
    return TO_AMC.get(word, word) if dialect is Dialect.AMC else word
