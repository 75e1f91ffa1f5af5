"""Placeholders inside string literals: `'P{{days}}D'` means its value, `'{{{{x}}}}'` the characters `{{x}}`.

Fixed parts and value become one new literal, so that nothing in a value can end it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot.tokenizer_core import Token, TokenType

from queryflow.sql.literals import quote_name, text
from queryflow.sql.notation import Notation
from queryflow.sql.reading.tokens import Edit, end_of

PARTS = re.compile(
    r"\{\{\{\{(?P<written>[^{}]*)\}\}\}\}"
    r"|\{\{\s*(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:\s*\.\s*(?P<part>start|end))?\s*\}\}"
)
FILLED = frozenset({TokenType.STRING, TokenType.HEREDOC_STRING})
"""Strings that hold what stands between their quotes; those with a prefix (`E'…'`) have a language of their own."""
JOINED = re.compile(r"[\w'\"$]")
"""What a literal beside it would join."""


@dataclass(frozen=True, slots=True)
class Inside:
    """A placeholder inside quotes, and how far behind the first character of the text it begins."""

    name: str
    part: str | None
    offset: int


Fill = Callable[[str, str | None], str]
"""The text of a placeholder's value, by its name and part."""


def inside(content: str) -> Iterator[Inside]:
    """The placeholders of a text between quotes."""
    for found in PARTS.finditer(content):
        if found["name"] is not None:
            yield Inside(found["name"], found["part"], found.start())


def filled(content: str, fill: Fill) -> str:
    """The text with its values in it, and one pair of braces where two were written."""
    return PARTS.sub(lambda found: _part(found, fill), content)


def is_fillable(tokens: Sequence[Token], index: int) -> bool:
    """Whether a token is a string whose placeholders mean their values: one without a prefix such as x'…'."""
    token, before = tokens[index], tokens[index - 1] if index else None
    if token.token_type not in FILLED:
        return False
    return before is None or before.token_type is not TokenType.VAR or end_of(before) != token.start


def offset_in(token: Token, offset: int) -> int:
    """Where in the SQL a character of the token's text stands; a quote inside is written twice."""
    if token.token_type is TokenType.HEREDOC_STRING:
        return int(token.start) + (end_of(token) - int(token.start) - len(token.text)) // 2 + offset
    mark = '"' if token.token_type is TokenType.IDENTIFIER else "'"
    opening = 1 if token.token_type in {TokenType.STRING, TokenType.IDENTIFIER} else 2  # a prefix and the mark
    return int(token.start) + opening + offset + token.text[:offset].count(mark)


def filled_texts(tokens: Sequence[Token], fill: Fill) -> dict[int, str]:
    """The text of every string and quoted name that is not what it was, by its token."""
    return {
        index: filled(token.text, fill)
        for index, token in enumerate(tokens)
        if (token.token_type is TokenType.IDENTIFIER or is_fillable(tokens, index)) and PARTS.search(token.text)
    }


def string_edits(sql: str, tokens: Sequence[Token], texts: Mapping[int, str], notation: Notation) -> list[Edit]:
    """The edits that write these texts in the place of their tokens."""
    return [_edit(sql, tokens[index], content, notation) for index, content in texts.items()]


def _part(found: re.Match[str], fill: Fill) -> str:
    if found["name"] is None:
        return "{{" + found["written"] + "}}"
    return fill(found["name"], found["part"])


def _edit(sql: str, token: Token, content: str, notation: Notation) -> Edit:
    written = quote_name(content) if token.token_type is TokenType.IDENTIFIER else text(content, notation)
    start, end = int(token.start), end_of(token)
    before = " " if start and JOINED.match(sql, start - 1) else ""
    after = " " if JOINED.match(sql, end) else ""
    return Edit(start, end, before + written + after)
