"""AMC's SQL on DuckDB: edits at token positions, macros, and a view per table that shows only the window.

AMC filters every fact table to the window of the run by itself, so here each table is a view with that filter, over a
relation of the same name in the schema `all_time`; EXTEND_TIME_WINDOW reads that one with a wider filter. Facts about
AMC's functions are from Amazon's reference of AMC SQL functions.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlglot.tokenizer_core import Token, TokenType

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.windows import ResolvedWindow
from queryflow.sql.amc.amc_functions import function_edits, macro_statements
from queryflow.sql.amc.amc_tables import TIME_COLUMNS
from queryflow.sql.literals import instant, quote_name
from queryflow.sql.notation import DUCKDB_SQL
from queryflow.sql.reading.placeholders import QUOTED_TOKENS
from queryflow.sql.reading.strings import filled_texts
from queryflow.sql.reading.tokens import Edit, closing, end_of, is_call, tokenize

ALL_TIME = "all_time"
"""The schema whose relations are the tables without the window's filter."""

NOW_WORDS = {"today": "current_date", "now": "current_timestamp"}
PERIOD = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
PERIOD_UNITS = ("YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND")


def setup_statements(template: Template, tables: Mapping[str, str], window: ResolvedWindow) -> tuple[str, ...]:
    """What prepares a DuckDB for the template's query, in order: the views and macros it mentions.

    `tables` gives the SQL of each table's relation, such as `read_parquet('in/x.parquet')`. AMC's tables are filtered
    to the window by their time column; those of the dialect `duckdb` are not. The session's time zone must be UTC.
    """
    tokens = tokenize(template.sql, template.dialect)
    words = {each.text.lower() for each in tokens}
    used = {name: relation for name, relation in tables.items() if name.lower() in words}
    if template.dialect is not Dialect.AMC:
        return tuple(_view(quote_name(name), relation) for name, relation in used.items())
    return (f"CREATE SCHEMA {ALL_TIME}", *_amc_views(used, window), *macro_statements(words))


def amc_edits(tokens: Sequence[Token], window: ResolvedWindow, texts: Mapping[int, str]) -> list[Edit]:
    """The edits that make AMC's SQL DuckDB's; `texts` has the strings with values in them, by their tokens.

    Invalid if EXTEND_TIME_WINDOW is not called with three texts, or with a placeholder for its table.
    """
    edits: list[Edit] = []
    for index, token in enumerate(tokens):
        if token.token_type in QUOTED_TOKENS:
            edits += _now_word(tokens, index)
        elif is_call(tokens, index) and token.text.upper() == "EXTEND_TIME_WINDOW":
            edits.append(_extended(tokens, index, window, texts))
        elif is_call(tokens, index):
            edits += function_edits(tokens, index)
        elif _is_named_at(tokens, index):
            edits.append(Edit(token.start, end_of(token), quote_name(token.text)))
    return edits


def amc_problems(sql: str) -> list[Problem]:
    """What keeps AMC's SQL from being edited into DuckDB's."""
    moment = datetime(2000, 1, 1, tzinfo=UTC)
    tokens = tokenize(sql, Dialect.AMC)
    periods = dict.fromkeys(filled_texts(tokens, lambda name, part: ""), "P1D")
    try:
        amc_edits(tokens, ResolvedWindow(start=moment, end=moment, time_zone="UTC"), periods)
    except Invalid as error:
        return list(error.problems)
    return []


def _extended(tokens: Sequence[Token], index: int, window: ResolvedWindow, texts: Mapping[int, str]) -> Edit:
    """[TABLE(]EXTEND_TIME_WINDOW('t', 'P14D', 'P1D')[)] becomes a query over the wider window."""
    end = closing(tokens, index + 1) or index
    places = [each for each in range(index + 2, end) if tokens[each].token_type is TokenType.STRING]
    if len(places) != 3 or end != index + 7:
        raise _refused("EXTEND_TIME_WINDOW takes three texts: a table, a period before and a period after.")
    if places[0] in texts:
        raise _refused("The table of EXTEND_TIME_WINDOW is written out, not a placeholder.")
    first, last = _around(tokens, index, end)
    table, before, after = (texts.get(each, tokens[each].text) for each in places)
    query = _widened(table, _period(before), _period(after), window)
    named = tokens[last + 1 : last + 2] and tokens[last + 1].token_type in {TokenType.ALIAS, TokenType.VAR}
    alias = "" if named else f" AS {quote_name(table)}"
    return Edit(tokens[first].start, end_of(tokens[last]), query + alias)


def _around(tokens: Sequence[Token], index: int, end: int) -> tuple[int, int]:
    """The indexes of the first and last token of the call with its TABLE(…) around it."""
    before = [each.token_type for each in tokens[max(index - 2, 0) : index]]
    return (index - 2, end + 1) if before == [TokenType.TABLE, TokenType.L_PAREN] else (index, end)


def _widened(table: str, before: str, after: str, window: ResolvedWindow) -> str:
    relation = f"{ALL_TIME}.{quote_name(table.lower())}"
    column = TIME_COLUMNS.get(table.lower())
    if column is None:
        return f"(SELECT * FROM {relation})"
    start, end = _moment(window.start), _moment(window.end)
    start, end = " - ".join([start, *before.split()]), " + ".join([end, *after.split()])
    return f"(SELECT * FROM {relation} WHERE {column} >= {start} AND {column} < {end})"


def _period(written: str) -> str:
    """An ISO 8601 period as INTERVALs, parted by spaces."""
    found = PERIOD.fullmatch(written.strip().upper())
    if found is None:
        raise _refused(f"{written!r} is not a period such as P14D.")
    counted = zip(found.groups(), PERIOD_UNITS, strict=True)
    return " ".join(f"to_{unit.lower()}s({int(count)})" for count, unit in counted if count)


def _is_named_at(tokens: Sequence[Token], index: int) -> bool:
    """Whether the word is a name, which DuckDB takes for the beginning of AT TIME ZONE."""
    following = [each.token_type for each in tokens[index + 1 : index + 2]]
    return tokens[index].text.lower() == "at" and following != [TokenType.TIME]


def _now_word(tokens: Sequence[Token], index: int) -> list[Edit]:
    """CAST('today' AS DATE) and CAST('now' AS TIMESTAMP), which only AMC reads."""
    word = NOW_WORDS.get(tokens[index].text.lower())
    around = (*tokens[max(index - 2, 0) : index], *tokens[index + 1 : index + 2])
    if word is None or [each.text.upper() for each in around] != ["CAST", "(", "AS"]:
        return []
    return [Edit(tokens[index].start, end_of(tokens[index]), word)]


def _amc_views(tables: Mapping[str, str], window: ResolvedWindow) -> list[str]:
    views = []
    for name, relation in tables.items():
        whole = f"{ALL_TIME}.{quote_name(name.lower())}"
        views.append(_view(whole, relation))
        views.append(f"CREATE VIEW {quote_name(name)} AS SELECT * FROM {whole}{_in_window(name, window)}")
    return views


def _in_window(name: str, window: ResolvedWindow) -> str:
    column = TIME_COLUMNS.get(name.lower())
    return f" WHERE {column} >= {_moment(window.start)} AND {column} < {_moment(window.end)}" if column else ""


def _view(name: str, relation: str) -> str:
    return f"CREATE VIEW {name} AS SELECT * FROM {relation}"


def _moment(at: datetime) -> str:
    return instant(at.astimezone(UTC), DUCKDB_SQL)


def _refused(message: str) -> Invalid:
    return Invalid(message, (Problem("BAD_TIME_WINDOW", "sql", message),))
