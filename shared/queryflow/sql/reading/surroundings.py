"""Which tokens stand where DuckDB takes no query: in a lambda, a list comprehension, or the values of a PIVOT."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from sqlglot.tokenizer_core import Token, TokenType

from queryflow.sql.reading.tokens import is_closing, is_opening


class Surrounding(Enum):
    """What a token stands in."""

    PLAIN = auto()
    LAMBDA = auto()
    """The body of `lambda x: …`, of an argument `x -> …`, or anything in `[… for x in …]`."""
    PIVOT = auto()
    """The values of `PIVOT t ON x IN (…)` or `PIVOT (… FOR x IN (…))`."""


CLAUSES = frozenset({TokenType.SELECT, TokenType.FROM, TokenType.WHERE, TokenType.JOIN, TokenType.UNION})
ENDS = CLAUSES | {TokenType.USING, TokenType.GROUP_BY, TokenType.ORDER_BY, TokenType.WITH}


@dataclass(slots=True)
class _Level:
    """What is known of the parentheses or brackets that are open."""

    inside: Surrounding
    """What they stand in themselves."""
    call: bool = False
    item: int = 0
    """The first token of the item that is being read."""
    declared: bool = False
    """`lambda` was read, and its colon not yet."""
    body: bool = False
    pivot: bool = False
    """PIVOT was read, or stands before the parentheses."""
    values: bool = False
    """The ON or FOR of a PIVOT was read: values come."""


def surroundings(tokens: Sequence[Token]) -> list[Surrounding]:
    """By token, what it stands in."""
    comprehensions = _comprehensions(tokens)
    levels = [_Level(Surrounding.PLAIN)]
    found: list[Surrounding] = []
    for index, token in enumerate(tokens):
        if is_closing(token) and len(levels) > 1:
            levels.pop()
        found.append(_surrounding(levels[-1]))
        _read(levels[-1], tokens, index)
        _read_pivot(levels[-1], token)
        if is_opening(token):
            inside = Surrounding.LAMBDA if index in comprehensions else found[index]
            levels.append(_opened(tokens, index, inside))
    return found


def _surrounding(level: _Level) -> Surrounding:
    if level.body or level.inside is Surrounding.LAMBDA:
        return Surrounding.LAMBDA
    return Surrounding.PIVOT if level.values else level.inside


def _opened(tokens: Sequence[Token], index: int, inside: Surrounding) -> _Level:
    pivot = index > 0 and tokens[index - 1].token_type is TokenType.PIVOT
    return _Level(inside, call=_is_name(tokens, index - 1), item=index + 1, pivot=pivot)


def _read_pivot(level: _Level, token: Token) -> None:
    if token.token_type is TokenType.PIVOT:
        level.pivot = True
    elif token.token_type in {TokenType.ON, TokenType.FOR}:
        level.values = level.pivot
    elif token.token_type in ENDS:
        level.values = False
        level.pivot = level.pivot and token.token_type not in CLAUSES
        if token.token_type is TokenType.SELECT:
            level.inside = Surrounding.LAMBDA if level.inside is Surrounding.LAMBDA else Surrounding.PLAIN


def _read(level: _Level, tokens: Sequence[Token], index: int) -> None:
    """Note what the token says about the items of its parentheses."""
    kind = tokens[index].token_type
    if kind is TokenType.COMMA and not level.declared:
        level.body, level.item = False, index + 1
    elif kind is TokenType.COLON and level.declared:
        level.declared, level.body = False, True
    elif kind is TokenType.VAR and tokens[index].text.lower() == "lambda":
        level.declared = len(tokens) > index + 1 and tokens[index + 1].token_type is not TokenType.COMMA
    elif kind is TokenType.ARROW:
        level.body = level.body or (level.call and _are_names(tokens[level.item : index]))


def _are_names(tokens: Sequence[Token]) -> bool:
    """Whether the tokens are what a lambda is given: `x` or `(x, y)`."""
    if len(tokens) == 1:
        return True
    return bool(tokens) and tokens[0].token_type is TokenType.L_PAREN and is_closing(tokens[-1])


def _is_name(tokens: Sequence[Token], index: int) -> bool:
    return index >= 0 and tokens[index].token_type in {TokenType.VAR, TokenType.FILTER}


def _comprehensions(tokens: Sequence[Token]) -> set[int]:
    """The opening brackets that hold FOR."""
    open_ones: list[int] = []
    found: set[int] = set()
    for index, token in enumerate(tokens):
        if is_opening(token):
            open_ones.append(index)
        elif is_closing(token) and open_ones:
            open_ones.pop()
        elif token.token_type is TokenType.FOR and open_ones:
            found |= {open_ones[-1]} if tokens[open_ones[-1]].token_type is TokenType.L_BRACKET else set()
    return found
