"""AMC's functions that DuckDB names in another way, lacks, or understands in another way.

Facts about them are from Amazon's reference of AMC SQL functions: GREATEST and LEAST of a NULL are NULL, ARRAY_DISTINCT
keeps the order of first occurrence, REGEXP_REPLACE replaces all matches and writes groups as `$1`, HASH64 is signed.
"""

import re
from collections.abc import Sequence

from sqlglot.tokenizer_core import Token, TokenType

from queryflow.domain.errors import Invalid, Problem
from queryflow.sql.literals import text
from queryflow.sql.notation import DUCKDB_SQL
from queryflow.sql.reading.tokens import Edit, closing, commas, end_of

RENAMED = {
    "COLLECT": "array_agg",
    "PERCENTILE": "quantile_cont",
    "APPROX_PERCENTILE": "approx_quantile",
    "CARDINALITY": "len",
    "NVL": "coalesce",
    "IFNULL": "coalesce",
    "EXPLODE": "unnest",
    "REGEXP_SPLIT": "regexp_split_to_array",
    "ARRAY_DISTINCT": "amc_array_distinct",
    "REGEXP_REPLACE": "amc_regexp_replace",
    "UUID": "amc_uuid",
    "GREATEST": "amc_greatest",
    "LEAST": "amc_least",
}
"""Functions that DuckDB has under another name, and those whose name means something else there."""

MACROS = {
    "SECONDS_BETWEEN": "(a, b) AS date_diff('second', a, b)",
    "NVL2": "(a, b, c) AS CASE WHEN a IS NOT NULL THEN b ELSE c END",
    "CHARINDEX": "(part, whole) AS strpos(whole, part), (part, whole, first) AS"
    " CASE WHEN strpos(substring(whole, first), part) = 0 THEN 0"
    " ELSE strpos(substring(whole, first), part) + first - 1 END",
    "LOCATE": "(part, whole) AS strpos(whole, part), (part, whole, first) AS"
    " CASE WHEN strpos(substring(whole, first), part) = 0 THEN 0"
    " ELSE strpos(substring(whole, first), part) + first - 1 END",
    "REGEXP_SUBSTR": "(whole, pattern) AS"
    " CASE WHEN regexp_matches(whole, pattern) THEN regexp_extract(whole, pattern) END",
    "STR_TO_MAP": "(whole, pairs, keys) AS map_from_entries(list_transform(string_split(whole, pairs),"
    " lambda each: {'k': split_part(each, keys, 1), 'v': split_part(each, keys, 2)}))",
    "E": "() AS exp(1)",
    "ARRAY_COMPLEMENT": "(a, b) AS list_filter(a, lambda each: NOT list_contains(b, each))",
    "ARRAY_REMOVE": "(a, gone) AS list_filter(a, lambda each: each IS DISTINCT FROM gone)",
    "ARRAY_DISTINCT": "(a) AS list_filter(a, lambda each, place: list_position(a, each) = place)",
    "ARRAY_UNION": "(a, b) AS list_filter(list_concat(a, b),"
    " lambda each, place: list_position(list_concat(a, b), each) = place)",
    "GREATEST": "(values_) AS CASE WHEN list_count(values_) = len(values_) THEN list_max(values_) END",
    "LEAST": "(values_) AS CASE WHEN list_count(values_) = len(values_) THEN list_min(values_) END",
    "HASH64": "(a) AS CAST(CAST(hash(a) AS BIT) AS BIGINT), (a, b) AS CAST(CAST(hash(a, b) AS BIT) AS BIGINT)",
    "REGEXP_REPLACE": "(whole, pattern, replacement) AS"
    r" regexp_replace(whole, pattern, regexp_replace(replacement, '\$([0-9])', '\\\1', 'g'), 'g')",
    "TO_VARBINARY": "(written) AS encode(written)",
    "FROM_VARBINARY": "(bytes) AS decode(bytes)",
    "UUID": "() AS CAST(uuid() AS VARCHAR)",
    "CONTAINED_IN": "(one, many) AS list_contains(many, one)",
    "CONVERT_TIME_ZONE_FROM_UTC": "(moment, zone) AS timezone(zone, timezone('UTC', CAST(moment AS TIMESTAMP)))",
    "EPOCH_TO_UTC_TIMESTAMP": "(epoch) AS make_timestamp(CAST(epoch AS BIGINT) *"
    " CASE WHEN abs(epoch) >= 100000000000 THEN 1000 ELSE 1000000 END)",
    "DAYOFWEEK": "(moment) AS date_part('dow', moment) + 1",
    "JSON_SERIALIZE": "(document) AS CAST(document AS VARCHAR)",
}
"""Functions that DuckDB lacks, or that mean another thing there (DAYOFWEEK: 1 is Sunday)."""

UNITS = frozenset({"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND"})
PATTERN_PARTS = {
    "yyyy": "%Y",
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "dd": "%d",
    "EEEE": "%A",
    "EEE": "%a",
    "HH": "%H",
    "hh": "%I",
    "mm": "%M",
    "ss": "%S",
    "SSS": "%g",
    "a": "%p",
}
"""What FORMAT calls the parts of a moment, and what DuckDB calls them."""
PATTERN = re.compile(r"(?P<part>([A-Za-z])\2*)|'(?P<written>[^']*)'|(?P<other>[^A-Za-z'%]|%)")


def function_edits(tokens: Sequence[Token], index: int) -> list[Edit]:
    """The edits of the call at the index; none where the name is a table's, as in WITH collect(x) AS (…)."""
    word, end = tokens[index].text.upper(), closing(tokens, index + 1)
    if end is None or _is_table(tokens, index, end):
        return []
    if word in {"GREATEST", "LEAST"}:
        return [_renamed(tokens[index], word), _after(tokens[index + 1], "["), _before(tokens[end], "]")]
    if word in SHAPED:
        return SHAPED[word](tokens, index, end)
    return [_renamed(tokens[index], word)] if word in RENAMED else []


def macro_statements(words: set[str]) -> list[str]:
    """What defines the functions among these words."""
    return [f"CREATE MACRO {RENAMED.get(name, name)}{body}" for name, body in MACROS.items() if name.lower() in words]


def _is_table(tokens: Sequence[Token], index: int, end: int) -> bool:
    """Whether the name and its parentheses are a table's with its columns: behind AS, or before AS (…)."""
    following = [each.token_type for each in tokens[end + 1 : end + 3]]
    behind = index > 0 and tokens[index - 1].token_type is TokenType.ALIAS
    return behind or following == [TokenType.ALIAS, TokenType.L_PAREN]


def _named_row(tokens: Sequence[Token], index: int, end: int) -> list[Edit]:
    """NAMED_ROW('k', v, …) becomes {'k': v, …}."""
    after_keys = commas(tokens, index + 1, end)[::2]
    opening = Edit(tokens[index].start, end_of(tokens[index + 1]), "{")
    colons = [Edit(tokens[each].start, end_of(tokens[each]), ":") for each in after_keys]
    return [opening, *colons, Edit(tokens[end].start, end_of(tokens[end]), "}")]


def _contained_in(tokens: Sequence[Token], index: int, end: int) -> list[Edit]:
    """CONTAINED_IN(x, a, b) looks among the values; with one that is no literal, in the array it is."""
    parted = commas(tokens, index + 1, end)
    literal = end > 2 and tokens[end - 1].token_type in {TokenType.STRING, TokenType.NUMBER}
    if not parted or (len(parted) == 1 and not (literal and parted[0] == end - 2)):
        return []
    return [_after(tokens[parted[0]], "["), _before(tokens[end], "]")]


def _date_diff(tokens: Sequence[Token], index: int, end: int) -> list[Edit]:
    """DATE_DIFF(a, b, DAY) becomes date_diff('day', a, b)."""
    parted, unit = commas(tokens, index + 1, end), tokens[end - 1].text.upper()
    if len(parted) != 2 or parted[1] != end - 2 or unit not in UNITS:
        return []
    unwritten = Edit(tokens[parted[1]].start, end_of(tokens[end - 1]), "")
    return [_after(tokens[index + 1], f"'{unit.lower()}', "), unwritten]


def _format(tokens: Sequence[Token], index: int, end: int) -> list[Edit]:
    """FORMAT(moment, 'yyyy-MM-dd') becomes strftime(moment, '%Y-%m-%d')."""
    parted = commas(tokens, index + 1, end)
    pattern = tokens[end - 1]
    if len(parted) != 1 or parted[0] != end - 2 or pattern.token_type is not TokenType.STRING:
        raise _unknown_format("FORMAT takes a moment and a written pattern such as 'yyyy-MM-dd'")
    name = Edit(tokens[index].start, end_of(tokens[index]), "strftime")
    return [name, Edit(pattern.start, end_of(pattern), text(_pattern(pattern.text), DUCKDB_SQL))]


def _pattern(written: str) -> str:
    parts = list(PATTERN.finditer(written))
    unknown = [each["part"] for each in parts if each["part"] and each["part"] not in PATTERN_PARTS]
    whole = "".join(each[0] for each in parts) == written and any(each["part"] for each in parts)
    if unknown or not whole:
        known = ", ".join(PATTERN_PARTS)
        raise _unknown_format(f"{written!r} is no pattern of FORMAT that runs here; it knows {known}")
    return "".join(
        PATTERN_PARTS[each["part"]] if each["part"] else (each["written"] or each["other"] or "'").replace("%", "%%")
        for each in parts
    )


SHAPED = {
    "NAMED_ROW": _named_row,
    "CONTAINED_IN": _contained_in,
    "DATE_DIFF": _date_diff,
    "FORMAT": _format,
}
"""Functions whose arguments are written in another way."""


def _renamed(token: Token, word: str) -> Edit:
    return Edit(token.start, end_of(token), RENAMED[word])


def _after(token: Token, written: str) -> Edit:
    return Edit(end_of(token), end_of(token), written)


def _before(token: Token, written: str) -> Edit:
    return Edit(token.start, token.start, written)


def _unknown_format(message: str) -> Invalid:
    return Invalid(f"{message}.", (Problem("AMC_FORMAT", "sql", f"{message}."),))
