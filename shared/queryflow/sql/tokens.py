"""SQL as tokens: text is understood and edited at token positions, never by patterns over text.

The tokenizer is sqlglot's. Comments are no tokens, so nothing inside them is ever touched; a quoted string is one
token, so nothing inside it is ever mistaken for code.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.template import Dialect

READ_AS: dict[Dialect, str] = {
    Dialect.AMC: "duckdb",  # practically all AMC SQL reads as DuckDB's
    Dialect.DUCKDB: "duckdb",
    Dialect.POSTGRESQL: "postgres",
    Dialect.TRINO: "trino",
}
"""Which of sqlglot's dialects reads a template's."""


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


def tokenize(sql: str, dialect: Dialect) -> tuple[Token, ...]:
    """The tokens of the text, in order; Invalid (UNREADABLE_SQL) if a string or comment never ends."""
    try:
        return tuple(grammar(dialect).tokenize(sql))
    except TokenError as error:
        message = "The SQL cannot be read: a string, a quoted name or a comment never ends."
        raise Invalid(message, (Problem("UNREADABLE_SQL", "sql", message),)) from error


def end_of(token: Token) -> int:
    """Where the token's text ends, exclusive."""
    return int(token.end) + 1


def place(sql: str, offset: int) -> str:
    """Where an offset is, for people: `line 3, column 14`."""
    line = sql.count("\n", 0, offset) + 1
    column = offset - (sql.rfind("\n", 0, offset) + 1) + 1
    return f"line {line}, column {column}"


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


def apply(sql: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made at once; none sees what another wrote. Edits may touch but not overlap."""
    parts, position = [], 0
    for edit in sorted(edits, key=lambda each: (each.start, each.end)):
        if edit.start < position:
            raise ValueError(f"edits overlap at {edit.start}")
        parts += [sql[position : edit.start], edit.text]
        position = edit.end
    return "".join([*parts, sql[position:]])


def _depth(token: Token) -> int:
    if token.token_type in {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}:
        return 1
    if token.token_type in {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}:
        return -1
    return 0
