"""Where a list stands in SQL, and the edits that write it there; nothing here depends on how many items it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlglot.tokenizer_core import Token, TokenType

from queryflow.domain.errors import Invalid
from queryflow.sql.reading.placeholders import QUOTED_TOKENS, Context, Placeholder
from queryflow.sql.reading.surroundings import Surrounding, surroundings
from queryflow.sql.reading.tokens import Edit, closing, commas, end_of
from queryflow.sql.writing.lists import MOST_IN_PIVOT, ListForm

CONTAINS = frozenset({"ARRAY_CONTAINS", "LIST_CONTAINS", "ARRAY_HAS", "LIST_HAS"})
LENGTHS = frozenset({"CARDINALITY", "LEN", "LENGTH", "ARRAY_LENGTH", "LIST_LENGTH"})
ROWS = frozenset({Context.IN_LIST, Context.QUANTIFIED})
SOURCES = frozenset({TokenType.FROM, TokenType.JOIN})


@dataclass(frozen=True)
class Code:
    """The tokens of a text, and what they stand in; found out once, and only if it is asked."""

    tokens: Sequence[Token]

    @cached_property
    def surroundings(self) -> list[Surrounding]:
        """By token."""
        return surroundings(self.tokens)


@dataclass(frozen=True, slots=True)
class Site:
    """A placeholder of a list among the tokens, in the call whose only or first argument it is."""

    placeholder: Placeholder
    tokens: Sequence[Token]
    word: str
    """The name of the call, in capitals."""

    @property
    def name(self) -> Token:
        """The token of the call's name."""
        return self.tokens[self.placeholder.first - 2]

    @property
    def after(self) -> Token:
        """The token after the placeholder."""
        return self.tokens[self.placeholder.last + 1]


def list_edits(placeholder: Placeholder, form: ListForm, code: Code) -> list[Edit] | None:
    """The edits where a list stands in a call that is better written in another way; None elsewhere.

    ARRAY_CONTAINS(list, x) becomes x IN (query), as a join is many times faster than a search per row; a query is no
    part of a lambda, so there it stays a search. FROM UNNEST(list) becomes FROM (query), and a known length a number.
    """
    site = _site(placeholder, code.tokens)
    if site is None:
        return None
    if site.word in CONTAINS and form.present is not None:
        plain = code.surroundings[placeholder.first] is not Surrounding.LAMBDA
        return _searched(site, form.present) if plain else None
    if site.after.token_type is not TokenType.R_PAREN:
        return None
    if site.word in LENGTHS and form.length is not None:
        return [Edit(site.name.start, end_of(site.after), f"CAST({form.length} AS BIGINT)")]
    return _source(site, form.rows) if site.word == "UNNEST" else None


def list_text(placeholder: Placeholder, form: ListForm, code: Code) -> str:
    """The list as it stands alone in its place; Invalid if a PIVOT cannot have it."""
    if placeholder.context not in ROWS:
        return form.whole
    if code.surroundings[placeholder.first] is not Surrounding.PIVOT:
        return form.rows
    if form.items is None:
        raise Invalid(f"a PIVOT takes a list of 1 to {MOST_IN_PIVOT:,} items, as each becomes a column.")
    return form.items


def _site(placeholder: Placeholder, tokens: Sequence[Token]) -> Site | None:
    name, opening = placeholder.first - 2, placeholder.first - 1
    inside = name >= 0 and placeholder.last + 1 < len(tokens)
    if not inside or tokens[opening].token_type is not TokenType.L_PAREN or tokens[name].token_type in QUOTED_TOKENS:
        return None
    return Site(placeholder, tokens, tokens[name].text.upper())


def _searched(site: Site, present: str) -> list[Edit] | None:
    tokens, opening, comma = site.tokens, site.placeholder.first - 1, site.placeholder.last + 1
    end = closing(tokens, opening)
    if end is None or commas(tokens, opening, end) != (comma,):
        return None
    before = Edit(site.name.start, end_of(site.after), "((")
    return [before, Edit(tokens[end].start, end_of(tokens[end]), f") IN ({present}))")]


def _source(site: Site, rows: str) -> list[Edit] | None:
    """FROM UNNEST(list) AS t(x) as a query; without a name for the column it keeps the one that UNNEST gives it."""
    before, following = site.placeholder.first - 3, site.placeholder.last + 2
    named = [each.token_type for each in site.tokens[following : following + 3]]
    named = named[1:] if named[:1] == [TokenType.ALIAS] else named
    is_named = named[:1] in ([TokenType.VAR], [TokenType.IDENTIFIER]) and named[1:2] == [TokenType.L_PAREN]
    if before < 0 or site.tokens[before].token_type not in SOURCES or not is_named:
        return None
    return [Edit(site.name.start, end_of(site.after), f"({rows})")]
