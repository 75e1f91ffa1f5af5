"""What AMC refuses or regrets, seen at token positions: LIMIT, RIGHT JOIN, SELECT *, ORDER BY at the end."""

from collections.abc import Iterator, Sequence

from sqlglot.tokenizer_core import Token, TokenType

from queryflow.domain.errors import Problem, Severity
from queryflow.domain.flow.template import Dialect
from queryflow.sql.reading.tokens import depths, problem_at, tokenize

BEFORE_STAR = frozenset({TokenType.SELECT, TokenType.DISTINCT, TokenType.COMMA, TokenType.DOT})


def amc_lint(sql: str) -> list[Problem]:
    """What AMC would say to the text, with line and column; errors are what it refuses for certain."""
    tokens = tokenize(sql, Dialect.AMC)
    found = [*_anywhere(tokens), *_at_the_top(tokens)]
    return [
        problem_at(Problem(code, "sql", sentence, severity), sql, token.start)
        for code, sentence, severity, token in sorted(found, key=lambda each: each[3].start)
    ]


Finding = tuple[str, str, Severity, Token]


def _anywhere(tokens: Sequence[Token]) -> Iterator[Finding]:
    for index, token in enumerate(tokens):
        if token.token_type is TokenType.LIMIT:
            yield "AMC_LIMIT", "AMC has no LIMIT; rank the rows and filter by rank.", Severity.ERROR, token
        if token.token_type is TokenType.RIGHT and _joins(tokens, index):
            yield "AMC_RIGHT_JOIN", "AMC has no RIGHT JOIN; turn the sides around.", Severity.ERROR, token
        if token.token_type is TokenType.DPIPE:
            yield "AMC_CONCATENATION", "AMC may not know ||; write CONCAT.", Severity.WARNING, token


def _joins(tokens: Sequence[Token], index: int) -> bool:
    following = [each.token_type for each in tokens[index + 1 : index + 3]]
    return following[:1] == [TokenType.JOIN] or following == [TokenType.OUTER, TokenType.JOIN]


def _at_the_top(tokens: Sequence[Token]) -> Iterator[Finding]:
    for index, (token, depth) in enumerate(zip(tokens, depths(tokens), strict=True)):
        if depth == 0 and token.token_type is TokenType.STAR and tokens[index - 1].token_type in BEFORE_STAR:
            yield "AMC_SELECT_STAR", "AMC exports named columns only; write them out.", Severity.ERROR, token
        if depth == 0 and token.token_type is TokenType.ORDER_BY:
            yield "AMC_ORDER_BY", "AMC may refuse ORDER BY here, and ignores it.", Severity.WARNING, token
