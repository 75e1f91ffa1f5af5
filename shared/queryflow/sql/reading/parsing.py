"""SQL with placeholders as trees. Trees are for understanding; the text an engine gets is never made from them.

Each placeholder becomes a call of a function whose name no text can contain, with the placeholder's name as its
argument; everything else keeps its position, so that line and column in messages are those of the author's text.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.tokenizer_core import Token, TokenType

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow.template import Dialect
from queryflow.sql.reading.placeholders import IN_QUOTES, Placeholder, placeholders_of
from queryflow.sql.reading.tokens import grammar, problem_at, tokenize

PLACEHOLDER = "{{}}"
LONGEST_ERROR = 200


@lru_cache(maxsize=1)  # what judges a text reads it several times in a row
def statements(sql: str, dialect: Dialect) -> tuple[exp.Expr, ...]:
    """The statements of the text, not to be changed; Invalid (SQL_SYNTAX) with line and column if it has none."""
    tokens = _with_calls(tokenize(sql, dialect), dialect)
    try:
        parsed = grammar(dialect).parser().parse(tokens, sql)
    except ParseError as error:
        raise _syntax(sql, error) from error
    except RecursionError as error:
        raise _invalid(
            "SQL_TOO_DEEP", "Some 40 calls may stand inside each other; this SQL is nested deeper. Divide it with WITH."
        ) from error
    # a comment after the last semicolon is a statement of its own to sqlglot
    return tuple(each for each in parsed if each is not None and not isinstance(each, exp.Semicolon))


def condition(sql: str, dialect: Dialect) -> exp.Expr:
    """The one condition the text is; Invalid (SQL_SYNTAX, SQL_TOO_DEEP) if it is none."""
    tokens = _with_calls(tokenize(sql, dialect), dialect)
    try:
        parsed = grammar(dialect).parser().parse_into(exp.Condition, tokens, sql)
    except ParseError as error:
        raise _syntax(sql, error) from error
    except RecursionError as error:
        raise _invalid("SQL_TOO_DEEP", "The condition is nested too deeply.") from error
    if len(parsed) != 1 or parsed[0] is None:
        raise _invalid("SQL_SYNTAX", "One condition is expected.")
    return parsed[0]


def placeholder_name(node: exp.Expr | None) -> str | None:
    """The name of the placeholder the node stands for; None if it is something else."""
    if isinstance(node, exp.Anonymous) and node.this == PLACEHOLDER:
        return str(node.expressions[0].this)
    return None


def placeholder_part(node: exp.Expr) -> str | None:
    """The `start` or `end` of a placeholder such as `{{dates.end}}`."""
    return str(node.expressions[1].this) if len(node.expressions) > 1 else None


def _with_calls(tokens: Sequence[Token], dialect: Dialect) -> list[Token]:
    code = {each.first: each for each in placeholders_of(tokens, dialect) if each.context not in IN_QUOTES}
    written: list[Token] = []
    index = 0
    while index < len(tokens):
        here = code.get(index)
        written += [tokens[index]] if here is None else _call(here, tokens)
        index = index + 1 if here is None else here.last + 1
    return written


def _call(placeholder: Placeholder, tokens: Sequence[Token]) -> Iterator[Token]:
    first, last = tokens[placeholder.first], tokens[placeholder.last]
    yield _token(TokenType.VAR, PLACEHOLDER, first)
    yield _token(TokenType.L_PAREN, "(", first)
    yield _token(TokenType.STRING, placeholder.name, first)
    if placeholder.part is not None:
        yield _token(TokenType.COMMA, ",", first)
        yield _token(TokenType.STRING, placeholder.part, first)
    yield _token(TokenType.R_PAREN, ")", last)


def _token(token_type: TokenType, text: str, at: Token) -> Token:
    return Token(token_type, text, at.line, at.col, at.start, at.end)


def _syntax(sql: str, error: ParseError) -> Invalid:
    first = error.errors[0] if error.errors else {}
    problem = Problem("SQL_SYNTAX", "sql", f"The SQL cannot be parsed: {_said(first)}.")
    offset = _offset(sql, first)
    problem = problem if offset is None else problem_at(problem, sql, offset)
    return Invalid(problem.message, (problem,))


def _said(error: dict[str, object]) -> str:
    """What sqlglot found wrong, without the names of its classes."""
    said = str(error.get("description") or "this is not SQL").replace(PLACEHOLDER, "placeholder")
    if "<class" in said or "missing" in said:
        return f"something is missing at or before {str(error.get('highlight') or 'the end')!r}"
    return said[:LONGEST_ERROR].lower()


def _offset(sql: str, error: dict[str, object]) -> int | None:
    """Where the error is: sqlglot gives the line and the column of the last character of a token."""
    line, column, found = error.get("line"), error.get("col"), str(error.get("highlight") or "")
    if not isinstance(line, int) or not isinstance(column, int):
        return None
    begins = max(column - len(found), 0)
    offset = sum(len(each) + 1 for each in sql.split("\n")[: line - 1]) + begins
    return min(offset, len(sql))


def _invalid(code: str, message: str) -> Invalid:
    return Invalid(message, (Problem(code, "sql", message),))
