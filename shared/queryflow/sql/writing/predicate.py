"""The row filter of a binding: one predicate of a small language, checked, and written again for the engine.

Allowed are columns, literals (`DATE '…'` and `TIMESTAMP '…'` among them), comparisons, AND, OR, NOT, IN, BETWEEN, LIKE,
IS NULL, and `{{flow_parameter}}`, which becomes a typed literal, or a part of the text in which it stands. Nothing of
the author's text reaches an engine: the SQL is written from the checked tree, every operand in parentheses, so that no
engine can group it in another way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from sqlglot import exp

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow.template import Dialect
from queryflow.domain.values.coercion import WrongValue, coerce
from queryflow.domain.values.parameters import ParameterType, Values
from queryflow.sql.literals import literal_of, number, plain_text_of, quote_name, text
from queryflow.sql.notation import DUCKDB_SQL
from queryflow.sql.reading.parsing import condition, placeholder_name, placeholder_part
from queryflow.sql.reading.placeholders import Context, malformed_placeholders, placeholders_of
from queryflow.sql.reading.strings import filled
from queryflow.sql.reading.tokens import tokenize
from queryflow.sql.writing.predicate_columns import Columns, column_named, column_problems
from queryflow.sql.writing.predicate_parameters import parameter_problems, unset_problems

LONGEST = 10_000
OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.And: "AND",
    exp.Or: "OR",
}
TESTS = (*OPERATORS, exp.Not, exp.Paren, exp.In, exp.Between, exp.Like, exp.Escape, exp.Is)
LEAVES = (exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Neg, exp.Anonymous)
ALLOWED = (*TESTS, *LEAVES, exp.Cast, exp.DataType)
TRUTHS = (*TESTS, exp.Column, exp.Boolean)
"""What a row filter may be at its root."""
MOMENTS = {
    "DATE": ParameterType.DATE,
    "TIMESTAMP": ParameterType.TIMESTAMP,
    "TIMESTAMPNTZ": ParameterType.TIMESTAMP,  # sqlglot's word for a TIMESTAMP without a zone
}
"""What a typed literal may be."""
MOST_DEPTH = 60
"""Parentheses and NOTs inside each other; a chain of ANDs or ORs is one level, however long."""
TOO_DEEP = f"A row filter has at most {MOST_DEPTH} levels of parentheses and NOT; write it flatter, or filter in SQL."
LANGUAGE = "columns, literals, comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, IS NULL and {{flow_parameter}}"


def where_problems(
    where: str, columns: Columns | None, flow_parameters: Mapping[str, ParameterType], path: str
) -> list[Problem]:
    """Everything that is wrong with a row filter over these columns (None: not known)."""
    try:
        tree = _parsed(where)
    except Invalid as error:
        return [Problem("WHERE_SYNTAX", path, error.message)]
    if _depth(tree) > MOST_DEPTH:
        return [Problem("WHERE_TOO_DEEP", path, TOO_DEEP)]
    names = [] if columns is None else column_problems(tree, columns, path)
    return [*_refusals(tree, path), *names, *parameter_problems(tree, flow_parameters, path)]


def predicate_sql(where: str, columns: Columns, flow_values: Values) -> str:
    """The row filter as DuckDB's SQL over these columns; Invalid if it is not allowed or a value is missing."""
    tree = _parsed(where)
    if _depth(tree) > MOST_DEPTH:
        raise Invalid(TOO_DEEP, (Problem("WHERE_TOO_DEEP", "where", TOO_DEEP),))
    problems = [*_refusals(tree, "where"), *column_problems(tree, columns, "where"), *unset_problems(tree, flow_values)]
    if problems:
        raise Invalid(problems[0].message, problems)
    return _Writer(list(columns), flow_values).write(tree)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes a checked tree; the columns give the spelling, the values the literals."""

    columns: Sequence[str]
    values: Mapping[str, Any]

    def write(self, node: exp.Expr) -> str:
        """The node as DuckDB's SQL."""
        if isinstance(node, exp.And | exp.Or):
            return f" {OPERATORS[type(node)]} ".join(map(self.operand, node.flatten()))
        if isinstance(node, exp.Binary) and type(node) in OPERATORS:
            return f"{self.operand(node.left)} {OPERATORS[type(node)]} {self.operand(node.right)}"
        return FORMS[type(node)](self, node)

    def operand(self, node: exp.Expr) -> str:
        """The node where it stands beside an operator."""
        return f"({self.write(node)})" if isinstance(node, TESTS) else self.write(node)

    def column(self, node: exp.Expr) -> str:
        return quote_name(column_named(node.name, self.columns) or node.name)

    def is_in(self, node: exp.Expr) -> str:
        items = ", ".join(filter(None, map(self.item, node.expressions)))
        return f"{self.operand(node.this)} IN ({items or 'SELECT NULL WHERE FALSE'})"

    def item(self, node: exp.Expr) -> str:
        """An item of IN; a list-valued parameter is as many as it has."""
        value = self.values.get(placeholder_name(node) or "")
        if isinstance(value, list | tuple):
            return ", ".join(literal_of(each, DUCKDB_SQL) for each in value)
        return self.write(node)

    def between(self, node: exp.Expr) -> str:
        low, high = self.operand(node.args["low"]), self.operand(node.args["high"])
        return f"{self.operand(node.this)} BETWEEN {low} AND {high}"

    def like(self, node: exp.Expr) -> str:
        word = "NOT LIKE" if node.args.get("negate") else "LIKE"
        return f"{self.operand(node.this)} {word} {self.operand(node.expression)}"

    def literal(self, node: exp.Literal) -> str:
        return text(filled(node.this, self.plain), DUCKDB_SQL) if node.is_string else number(_number(node), DUCKDB_SQL)

    def plain(self, name: str, part: str | None) -> str:
        value = self.values[name]
        return plain_text_of(value if part is None else value[part])

    def placeholder(self, node: exp.Expr) -> str:
        value, part = self.values[placeholder_name(node) or ""], placeholder_part(node)
        return literal_of(value if part is None else value[part], DUCKDB_SQL)


FORMS: dict[type[exp.Expr], Callable[[_Writer, Any], str]] = {
    exp.Paren: lambda writer, node: writer.write(node.this),
    exp.Not: lambda writer, node: f"NOT {writer.operand(node.this)}",
    exp.In: _Writer.is_in,
    exp.Between: _Writer.between,
    exp.Like: _Writer.like,
    exp.Escape: lambda writer, node: f"{writer.write(node.this)} ESCAPE {writer.write(node.expression)}",
    exp.Is: lambda writer, node: f"{writer.operand(node.this)} IS {writer.write(node.expression)}",
    exp.Column: _Writer.column,
    exp.Literal: _Writer.literal,
    exp.Boolean: lambda writer, node: "TRUE" if node.this else "FALSE",
    exp.Null: lambda writer, node: "NULL",
    exp.Neg: lambda writer, node: f"(-{writer.write(node.this)})",
    exp.Cast: lambda writer, node: literal_of(_moment(node), DUCKDB_SQL),
    exp.Anonymous: _Writer.placeholder,
}


def _parsed(where: str) -> exp.Expr:
    if len(where) > LONGEST:
        raise Invalid(f"A row filter has at most {LONGEST} characters.")
    tokens = tokenize(where, Dialect.DUCKDB)
    if malformed_placeholders(tokens, Dialect.DUCKDB):
        raise Invalid("A placeholder of a row filter is {{name}}, the name of a flow parameter.")
    if any(each.context is Context.QUOTED for each in placeholders_of(tokens, Dialect.DUCKDB)):
        raise Invalid(
            "A placeholder stands in a quoted name or a string with a prefix; a plain string '…' takes values."
        )
    return condition(where, Dialect.DUCKDB)


def _refusals(tree: exp.Expr, path: str) -> list[Problem]:
    """What the language does not have, each kind once."""
    found = [] if isinstance(tree, TRUTHS) else ["A row filter is a condition, not a value."]
    found += [sentence for node in tree.walk() if (sentence := _refusal(node)) is not None]
    return [Problem("WHERE_NOT_ALLOWED", path, sentence) for sentence in dict.fromkeys(found)]


def _refusal(node: exp.Expr) -> str | None:
    if type(node) not in ALLOWED or (type(node) is exp.Anonymous and placeholder_name(node) is None):
        return f"A row filter has {LANGUAGE}; {_named(node)} is none of them."
    check = CHECKS.get(type(node))
    return None if check is None or check(node) else SENTENCES[type(node)]


def _named(node: exp.Expr) -> str:
    return f"the function {node.name}" if isinstance(node, exp.Anonymous) else type(node).__name__.upper()


CHECKS: dict[type[exp.Expr], Callable[[Any], bool]] = {
    exp.Column: lambda node: len(node.parts) == 1 and isinstance(node.this, exp.Identifier),
    exp.In: lambda node: (
        bool(node.expressions) and not any(node.args.get(each) for each in ("query", "field", "unnest"))
    ),
    exp.Between: lambda node: node.args.get("symmetric") is None,
    exp.Is: lambda node: isinstance(node.expression, exp.Null | exp.Boolean),
    exp.Escape: lambda node: (
        isinstance(node.this, exp.Like) and _is_text(node.expression) and len(node.expression.this) == 1
    ),
    exp.Literal: lambda node: node.is_string or _is_number(node),
    exp.Neg: lambda node: isinstance(node.this, exp.Literal) and not node.this.is_string,
    exp.Cast: lambda node: _moment(node) is not None,
}
SENTENCES: dict[type[exp.Expr], str] = {
    exp.Column: "A row filter names columns alone, without a table or a field.",
    exp.In: "IN takes values between parentheses.",
    exp.Between: "BETWEEN takes no SYMMETRIC.",
    exp.Is: "IS takes NULL, NOT NULL, TRUE or FALSE.",
    exp.Escape: "ESCAPE follows a pattern of LIKE and takes one character.",
    exp.Neg: "A minus stands before a number only.",
    exp.Literal: "A number is finite and has at most 38 digits.",
    exp.Cast: "Only these literals are typed: DATE '2026-11-22' and TIMESTAMP '2026-11-22 09:00:00'.",
}


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and node.is_string


def _moment(node: exp.Cast) -> date | None:
    """The day or instant of a typed literal; None if it is something else, or no calendar has it."""
    kind = MOMENTS.get(node.to.this.name)
    if kind is None or not _is_text(node.this):
        return None
    try:
        return cast(date, coerce(kind, node.this.this))
    except WrongValue:
        return None


def _number(node: exp.Literal) -> float | Decimal:
    written = str(node.this)
    return float(written) if "e" in written.lower() else Decimal(written)


def _is_number(node: exp.Literal) -> bool:
    """Whether a literal holds the number with every digit."""
    try:
        number(_number(node), DUCKDB_SQL)
    except (Invalid, ValueError, ArithmeticError):
        return False
    return True


def _depth(tree: exp.Expr) -> int:
    """How deep conditions stand inside each other, counted without recursion."""
    deepest, open_ones = 0, [(tree, 1)]
    while open_ones:
        node, depth = open_ones.pop()
        deepest = max(deepest, depth)
        chain = isinstance(node, exp.And | exp.Or)
        open_ones += [
            (each, depth if chain and type(each) is type(node) else depth + 1) for each in node.iter_expressions()
        ]
    return deepest
