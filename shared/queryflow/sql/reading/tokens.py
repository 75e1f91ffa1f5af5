"""SQL as tokens: text is understood and edited at token positions, never by patterns over text.

The tokenizer is sqlglot's. Comments are no tokens, so nothing inside them is ever touched; a quoted string is one
token, so nothing inside it is ever mistaken for code.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import sqlglot
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow.template import Dialect

READ_AS: dict[Dialect, str] = {
    Dialect.AMC: "duckdb",  # practically all AMC SQL reads as DuckDB's
    Dialect.DUCKDB: "duckdb",
    Dialect.POSTGRESQL: "postgres",
    Dialect.TRINO: "trino",
}
"""Which of sqlglot's dialects reads a template's."""
MOST_TOKENS = 20_000
"""Some 100 KB of SQL as people write it; what reads a longer one, and infers its columns, takes seconds."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text from `start` to `end` (exclusive); equal ones insert."""

    start: int
    end: int
    text: str


@cache
def grammar(dialect: Dialect) -> sqlglot.Dialect:
    """Sqlglot's reader of the dialect."""
    return sqlglot.Dialect.get_or_raise(READ_AS[dialect])


@lru_cache(maxsize=2)  # one text is asked for many times in a row
def tokenize(sql: str, dialect: Dialect) -> tuple[Token, ...]:
    """The tokens of the text, in order.

    Invalid if a string or comment never ends (UNREADABLE_SQL), or if there are more than MOST_TOKENS (SQL_TOO_LONG).
    """
    try:
        tokens = tuple(grammar(dialect).tokenize(sql))
    except TokenError as error:
        raise _invalid(
            "UNREADABLE_SQL", "The SQL cannot be read: a string, a quoted name or a comment never ends."
        ) from error
    if len(tokens) > MOST_TOKENS:
        raise _invalid(
            "SQL_TOO_LONG",
            f"The SQL has {len(tokens):,} words and signs, and at most {MOST_TOKENS:,} are read; "
            "give a long list as a list parameter, or divide the query into several templates.",
        )
    return tokens


def end_of(token: Token) -> int:
    """Where the token's text ends, exclusive."""
    return int(token.end) + 1


def position(sql: str, offset: int) -> tuple[int, int]:
    """The line and the column of an offset, both from 1."""
    return sql.count("\n", 0, offset) + 1, offset - sql.rfind("\n", 0, offset)


def problem_at(problem: Problem, sql: str, offset: int) -> Problem:
    """The problem of the SQL with its place, in the sentence too."""
    line, column = position(sql, offset)
    return replace(problem, message=f"{problem.message} (line {line}, column {column})", line=line, column=column)


def is_call(tokens: Sequence[Token], index: int) -> bool:
    """Whether the token is a name right before an opening parenthesis."""
    following = tokens[index + 1 : index + 2]
    return bool(following) and following[0].token_type is TokenType.L_PAREN


def closing(tokens: Sequence[Token], opening: int) -> int | None:
    """The index of the parenthesis that closes the one at `opening`; None if it is never closed."""
    depth = 0
    for index in range(opening, len(tokens)):
        depth += _depth(tokens[index])
        if depth == 0:
            return index
    return None


def commas(tokens: Sequence[Token], opening: int, end: int) -> tuple[int, ...]:
    """The indexes of the commas that part the arguments of the call whose parentheses are at `opening` and `end`."""
    depth, found = 0, []
    for index in range(opening + 1, end):
        depth += _depth(tokens[index])
        if depth == 0 and tokens[index].token_type is TokenType.COMMA:
            found.append(index)
    return tuple(found)


def depths(tokens: Sequence[Token]) -> list[int]:
    """How many parentheses, brackets and braces each token stands in; an opening one stands outside its own."""
    depth, found = 0, []
    for token in tokens:
        change = _depth(token)
        found.append(depth + min(change, 0))
        depth += change
    return found


def openings(tokens: Sequence[Token]) -> list[int | None]:
    """The index of the parenthesis that each token stands in directly; None outside of all."""
    open_ones: list[int] = []
    found: list[int | None] = []
    for index, token in enumerate(tokens):
        if token.token_type is TokenType.R_PAREN and open_ones:
            open_ones.pop()
        found.append(open_ones[-1] if open_ones else None)
        if token.token_type is TokenType.L_PAREN:
            open_ones.append(index)
    return found


def apply(sql: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made at once; none sees what another wrote. Edits may touch but not overlap."""
    parts, position = [], 0
    for edit in sorted(edits, key=lambda each: (each.start, each.end)):
        if edit.start < position:
            raise ValueError(f"edits overlap at {edit.start}")
        parts += [sql[position : edit.start], edit.text]
        position = edit.end
    return "".join([*parts, sql[position:]])


def is_opening(token: Token) -> bool:
    """Whether it is a parenthesis, bracket or brace that opens."""
    return token.token_type in {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}


def is_closing(token: Token) -> bool:
    """Whether it is one that closes."""
    return token.token_type in {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}


def _depth(token: Token) -> int:
    return int(is_opening(token)) - int(is_closing(token))


def _invalid(code: str, message: str) -> Invalid:
    return Invalid(message, (Problem(code, "sql", message),))
