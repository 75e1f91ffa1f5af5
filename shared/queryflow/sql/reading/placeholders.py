"""The placeholders of a template: `{{name}}` everywhere, and AMC's own two functions in AMC's SQL."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlglot.tokenizer_core import Token, TokenType

from queryflow.domain.flow.template import Dialect
from queryflow.sql.reading.strings import inside, is_fillable, offset_in
from queryflow.sql.reading.tokens import end_of

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
QUOTED_TOKENS = frozenset(
    {
        TokenType.STRING,
        TokenType.IDENTIFIER,
        TokenType.HEREDOC_STRING,
        TokenType.NATIONAL_STRING,
        TokenType.BYTE_STRING,
        TokenType.RAW_STRING,
        TokenType.UNICODE_STRING,
        TokenType.HEX_STRING,
        TokenType.BIT_STRING,
    }
)
WINDOW_START, WINDOW_END = "TIME_WINDOW_START", "TIME_WINDOW_END"


class PlaceholderKind(StrEnum):
    """How a placeholder is written."""

    BRACES = "braces"
    CUSTOM = "custom"
    BUILT_IN = "built_in"


class Context(StrEnum):
    """What surrounds a placeholder, by which its literal is formed."""

    VALUE = "value"
    TEXT = "text"
    """Inside a string: fixed parts and value become one literal."""
    QUOTED = "quoted"
    """Inside a quoted name, or a string with a prefix such as E'…': refused."""
    IN_LIST = "in_list"
    """Alone between the parentheses of IN."""
    QUANTIFIED = "quantified"
    """Alone between the parentheses of ANY, SOME or ALL."""
    PATTERN = "pattern"
    """Right after LIKE or ILIKE."""


IN_QUOTES = frozenset({Context.TEXT, Context.QUOTED})
ALONE_IN = {
    TokenType.IN: Context.IN_LIST,
    TokenType.ANY: Context.QUANTIFIED,
    TokenType.SOME: Context.QUANTIFIED,
    TokenType.ALL: Context.QUANTIFIED,
}
"""The words whose parentheses hold one list."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One placeholder; `start` and `end` (exclusive) are offsets, `first` and `last` indexes of tokens."""

    name: str
    start: int
    end: int
    kind: PlaceholderKind
    context: Context
    first: int
    last: int
    part: str | None = None
    """`start` or `end`, of `{{dates.start}}`."""


def placeholders_of(tokens: Sequence[Token], dialect: Dialect) -> tuple[Placeholder, ...]:
    """Every placeholder of the tokens, in order; comments are no tokens, so those in them are none."""
    found: list[Placeholder] = []
    index = 0
    while index < len(tokens):
        here = _quoted(tokens, index) or _code(tokens, index, dialect)
        found += here
        index = here[-1].last + 1 if here else index + 1
    return tuple(found)


def malformed_placeholders(tokens: Sequence[Token], dialect: Dialect) -> tuple[int, ...]:
    """Offsets of what begins like a placeholder and is none: `{{1}}`, `{{a b}}`, `CUSTOM_PARAMETER(name)`."""
    known = {each.first for each in placeholders_of(tokens, dialect)}
    begins = (index for index in range(len(tokens)) if _begins(tokens, index, dialect))
    return tuple(tokens[index].start for index in begins if index not in known)


def _quoted(tokens: Sequence[Token], index: int) -> list[Placeholder]:
    token = tokens[index]
    if token.token_type not in QUOTED_TOKENS:
        return []
    context = Context.TEXT if is_fillable(tokens, index) else Context.QUOTED
    return [
        Placeholder(
            each.name,
            offset_in(token, each.offset),
            end_of(token),
            PlaceholderKind.BRACES,
            context,
            index,
            index,
            each.part,
        )
        for each in inside(token.text)
    ]


def _code(tokens: Sequence[Token], index: int, dialect: Dialect) -> list[Placeholder]:
    named = _braces(tokens, index) or (_amc(tokens, index) if dialect is Dialect.AMC else None)
    if named is None:
        return []
    kind, name, part, last = named
    context = _context(tokens, index, last)
    start, end = tokens[index].start, end_of(tokens[last])
    return [Placeholder(name, start, end, kind, context, index, last, part)]


def _braces(tokens: Sequence[Token], index: int) -> tuple[PlaceholderKind, str, str | None, int] | None:
    if not (_pair(tokens, index, TokenType.L_BRACE) and index + 2 < len(tokens)):
        return None
    name, after, part = tokens[index + 2].text, index + 3, None
    if after + 1 < len(tokens) and tokens[after].token_type is TokenType.DOT:
        part, after = tokens[after + 1].text, after + 2
    written = NAME.fullmatch(name) and part in {None, "start", "end"}
    if not (written and _pair(tokens, after, TokenType.R_BRACE)):
        return None
    return PlaceholderKind.BRACES, name, part, after + 1


def _amc(tokens: Sequence[Token], index: int) -> tuple[PlaceholderKind, str, str | None, int] | None:
    kind = _amc_kind(tokens[index])
    types = tuple(each.token_type for each in tokens[index + 1 : index + 4])
    if kind is None or types != (TokenType.L_PAREN, TokenType.STRING, TokenType.R_PAREN):
        return None
    return kind, tokens[index + 2].text, None, index + 3


def _amc_kind(token: Token) -> PlaceholderKind | None:
    if token.token_type in QUOTED_TOKENS:
        return None
    word = token.text.upper()
    return {"CUSTOM_PARAMETER": PlaceholderKind.CUSTOM, "BUILT_IN_PARAMETER": PlaceholderKind.BUILT_IN}.get(word)


def _context(tokens: Sequence[Token], first: int, last: int) -> Context:
    before = [each.token_type for each in tokens[max(first - 2, 0) : first]]
    after = [each.token_type for each in tokens[last + 1 : last + 2]]
    if before[1:] == [TokenType.L_PAREN] and after == [TokenType.R_PAREN] and before[0] in ALONE_IN:
        return ALONE_IN[before[0]]
    if before[-1:] in ([TokenType.LIKE], [TokenType.ILIKE]):
        return Context.PATTERN
    return Context.VALUE


def _begins(tokens: Sequence[Token], index: int, dialect: Dialect) -> bool:
    amc = dialect is Dialect.AMC and _amc_kind(tokens[index]) is not None
    return amc or _pair(tokens, index, TokenType.L_BRACE)


def _pair(tokens: Sequence[Token], index: int, brace: TokenType) -> bool:
    """Whether two braces of that kind stand side by side at the index."""
    two = tokens[index : index + 2]
    return len(two) == 2 and all(each.token_type is brace for each in two) and two[1].start == end_of(two[0])
