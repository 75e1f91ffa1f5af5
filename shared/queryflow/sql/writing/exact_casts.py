"""Casts in DuckDB's SQL that keep the value or fail: nothing is rounded, cut or guessed.

DuckDB itself drops the offset of `02:30-05:00`, rounds '1.5' to the integer 2, takes `epoch` for a day and 24:00 for
the next one. Here texts are read as parameters read them (`queryflow.domain.values.coercion`), whatever the engine
would make of them, and times lie within the years 1 to 9999 and have whole microseconds.
"""

from collections.abc import Callable
from dataclasses import dataclass

from queryflow.domain.flow.flow import Cast
from queryflow.domain.flow.kinds import Kind, column_kind
from queryflow.domain.values.coercion import DATE_TEXT, OFFSET_TEXT, TIME_TEXT
from queryflow.sql.literals import text
from queryflow.sql.notation import DUCKDB_SQL

DAY_OR_TIMESTAMP_TEXT = f"{DATE_TEXT.pattern}([T ]{TIME_TEXT}{OFFSET_TEXT}?)?"
NUMBER_TEXT = "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?"
INTEGER_TEXT = "[+-]?[0-9]+"
TRUE_WORDS, FALSE_WORDS = "('true', 't', 'yes', 'y', '1')", "('false', 'f', 'no', 'n', '0')"
WIDE_INTEGERS = frozenset({"HUGEINT", "UBIGINT", "UHUGEINT"})
"""What 64 bits with a sign do not hold."""
WHOLE_MICROSECONDS = frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "DATETIME", "DATE"})
BINARY = frozenset({"DOUBLE", "DOUBLE PRECISION", "FLOAT", "REAL", "FLOAT4", "FLOAT8"})
LONGEST_SHOWN = 100
"""Characters of a value in the sentence that refuses it."""


@dataclass(frozen=True, slots=True)
class Operand:
    """What is cast: SQL that yields it, DuckDB's word for its type, and the column that people know it by."""

    sql: str
    type: str
    column: str

    @property
    def kind(self) -> Kind:
        """What kind of value it is."""
        return column_kind(self.type)

    @property
    def word(self) -> str:
        """The type without what stands in parentheses."""
        return " ".join(self.type.upper().partition("(")[0].split())

    @property
    def text(self) -> str:
        """SQL that yields it as a text without spaces around."""
        return f"trim(CAST({self.sql} AS VARCHAR))"


def exact_cast(operand: Operand, cast: Cast) -> str:
    """The value as another type, null as null; the query fails on a value that has no exact counterpart."""
    sentence = f" of {operand.column} to {cast.value}: no {cast.value} is exactly that."
    return _or_error(operand, cast, ("Cannot cast ", sentence))


def fitted(operand: Operand, wanted: Kind) -> str:
    """The value as a parameter of that kind holds it, where no cast is said; the query fails on one it cannot hold."""
    if operand.kind not in HELD.get(wanted, ()):
        return operand.sql
    advice = f", which no {wanted} of a parameter can be; leave it out with where, or cast it to string."
    return _or_error(operand, Cast(wanted.value), (f"{operand.column} has ", advice))


HELD = {
    Kind.INTEGER: {Kind.INTEGER},
    Kind.NUMBER: {Kind.INTEGER, Kind.NUMBER},
    Kind.DATE: {Kind.DATE},
    Kind.TIMESTAMP: {Kind.DATE, Kind.TIMESTAMP},
}
"""By the kind that is wanted, the kinds that fit without a cast and may still hold what a parameter does not."""


def _or_error(operand: Operand, cast: Cast, sentence: tuple[str, str]) -> str:
    """The cast value; the query's failure where a value became none."""
    tried = CASTS[cast](operand)
    if _is_total(operand, cast):
        return tried
    before, after = (text(part, DUCKDB_SQL) for part in sentence)
    message = f"{before} || left(CAST({operand.sql} AS VARCHAR), {LONGEST_SHOWN}) || {after}"
    return f"CASE WHEN {operand.sql} IS NOT NULL AND {tried} IS NULL THEN error({message}) ELSE {tried} END"


def _is_total(operand: Operand, cast: Cast) -> bool:
    """Whether every value of the type has a counterpart, so that nothing need be checked row by row."""
    if cast is Cast.STRING or operand.kind is Kind.BOOLEAN:
        return cast in {Cast.STRING, Cast.BOOLEAN, Cast.INTEGER, Cast.NUMBER}
    is_narrow = operand.kind is Kind.INTEGER and operand.word not in WIDE_INTEGERS
    if cast is Cast.NUMBER:
        return is_narrow or (operand.kind is Kind.NUMBER and operand.word not in BINARY)
    return cast is Cast.INTEGER and is_narrow


def _string(operand: Operand) -> str:
    return f"CAST({operand.sql} AS VARCHAR)"


def _integer(operand: Operand) -> str:
    value = operand.sql
    if operand.kind is Kind.NUMBER:
        value = f"CASE WHEN {value} = trunc({value}) THEN {value} END"
    elif operand.kind not in {Kind.INTEGER, Kind.BOOLEAN}:
        value = f"CASE WHEN {_matches(operand.text, INTEGER_TEXT)} THEN {operand.text} END"
    return f"TRY_CAST({value} AS BIGINT)"


def _number(operand: Operand) -> str:
    """A number stays what it is, so that no digit is lost; a text becomes a double if one has all its digits."""
    if operand.kind is Kind.INTEGER:
        return f"TRY_CAST({operand.sql} AS {'DECIMAL(38, 0)' if operand.word in WIDE_INTEGERS else 'BIGINT'})"
    if operand.word in BINARY:
        return f"CASE WHEN isfinite({operand.sql}) THEN CAST({operand.sql} AS DOUBLE) END"
    if operand.kind is Kind.NUMBER:
        return operand.sql
    if operand.kind is Kind.BOOLEAN:
        return f"CAST({operand.sql} AS DOUBLE)"
    tried = f"TRY_CAST({operand.text} AS DOUBLE)"
    is_exact = f"isfinite({tried}) AND {_digits(operand.text)} = {_digits(f'CAST({tried} AS VARCHAR)')}"
    return f"CASE WHEN {_matches(operand.text, NUMBER_TEXT)} AND {is_exact} THEN {tried} END"


def _digits(number: str) -> str:
    """The digits of a number's text that count: without sign, point and exponent, and the zeros at both ends."""
    return f"trim(regexp_replace({number}, '[eE].*|[+.-]', '', 'g'), '0')"


def _boolean(operand: Operand) -> str:
    if operand.kind is Kind.BOOLEAN:
        return operand.sql
    if operand.kind in {Kind.INTEGER, Kind.NUMBER}:
        return f"CASE WHEN {operand.sql} = 1 THEN TRUE WHEN {operand.sql} = 0 THEN FALSE END"
    word = f"lower({operand.text})"
    return f"CASE WHEN {word} IN {TRUE_WORDS} THEN TRUE WHEN {word} IN {FALSE_WORDS} THEN FALSE END"


def _date(operand: Operand) -> str:
    if operand.kind is Kind.TIMESTAMP:
        moment = _timestamp(operand)
        return f"CASE WHEN {moment} = date_trunc('day', {moment}) THEN CAST({moment} AS DATE) END"
    day = operand.sql
    if operand.kind is not Kind.DATE:
        day = f"CASE WHEN {_matches(operand.text, DATE_TEXT.pattern)} THEN TRY_CAST({operand.text} AS DATE) END"
    return f"CASE WHEN {day} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN {day} END"


def _timestamp(operand: Operand) -> str:
    """The instant in UTC, without a zone; a text or a column without an offset is taken as UTC."""
    if operand.word in WHOLE_MICROSECONDS:
        moment = f"TRY_CAST({operand.sql} AS TIMESTAMP)"
    elif operand.word in {"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"}:
        moment = f"make_timestamp(epoch_us({operand.sql}))"
    else:  # DuckDB writes nanoseconds out, with zeros behind where there are none
        read = f"make_timestamp(epoch_us(TRY_CAST({operand.text} AS TIMESTAMPTZ)))"
        moment = f"CASE WHEN {_matches(operand.text, DAY_OR_TIMESTAMP_TEXT)} THEN {read} END"
    last = "TIMESTAMP '9999-12-31 23:59:59.999999'"
    return f"CASE WHEN {moment} BETWEEN TIMESTAMP '0001-01-01' AND {last} THEN {moment} END"


def _matches(value: str, pattern: str) -> str:
    return f"regexp_full_match({value}, {text(pattern, DUCKDB_SQL)})"


CASTS: dict[Cast, Callable[[Operand], str]] = {
    Cast.STRING: _string,
    Cast.INTEGER: _integer,
    Cast.NUMBER: _number,
    Cast.BOOLEAN: _boolean,
    Cast.DATE: _date,
    Cast.TIMESTAMP: _timestamp,
}
"""By what is wanted, SQL that yields it, or null for a value without an exact counterpart."""
