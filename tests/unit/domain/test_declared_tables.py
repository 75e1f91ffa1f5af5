"""What people declare of their tables, and what they are told when it cannot be read."""

import pytest

from queryflow.domain.errors import Invalid
from queryflow.domain.files.declared_tables import declared_tables, read_tables, table_problems
from queryflow.domain.files.table_options import TableOptions

TABLES = """
tables:
  sales:
    file: sales-2026.csv
    delimiter: ";"
    decimal: ","
    thousands: "."
    nulls: [NA, "-"]
    date_format: "%d.%m.%Y"
    types: {zip: text, price: "decimal(9, 2)", seen: timestamptz}
    encoding: windows-1252
    header: [zip, price, seen]
    skip: 2
    allow_uneven: true
  tabs: {delimiter: \\t, quote: ""}
  plain:
"""


def test_every_option_is_read() -> None:
    tables = read_tables(TABLES)
    sales = tables.of("sales")
    assert (sales.file, sales.delimiter, sales.decimal, sales.thousands) == ("sales-2026.csv", ";", ",", ".")
    assert (sales.nulls, sales.date_format, sales.encoding) == (("NA", "-"), "%d.%m.%Y", "cp1252")
    assert sales.types == {"zip": "VARCHAR", "price": "DECIMAL(9,2)", "seen": "TIMESTAMP WITH TIME ZONE"}
    assert (sales.header, sales.skip, sales.allow_uneven) == (("zip", "price", "seen"), 2, True)
    assert (tables.of("TABS").delimiter, tables.of("tabs").quote) == ("\t", "")
    assert tables.of("plain") == tables.of("undeclared") == TableOptions()


def test_options_survive_being_said_again() -> None:
    sales = read_tables(TABLES).of("sales")
    assert declared_tables({"sales": sales.document()}).of("sales") == sales


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("{delimeter: ;}", "delimeter is not known here; did you mean delimiter?"),
        ("{sheet: 1}", "sheet is not known here; known are file, delimiter, quote"),
        ("{delimiter: ab}", "delimiter is one character"),
        ("{header: 3}", "header is true, false, or a list with a name for every column."),
        ('{header: [a, ""]}', "header"),
        ("{types: {a: INTEGR}}", "types.a is INTEGR, no type here; did you mean INTEGER?"),
        ("{types: {a: HUGEINT}}", "types.a is HUGEINT, no type here"),
        ("{types: {a: 'DECIMAL(40, 2)'}}", "1 to 38 digits"),
        ("{encoding: utf9}", "encoding is utf9, no known encoding; did you mean utf-8?"),
        ("{skip: -1}", "skip should be greater than or equal to 0."),
        ("{nulls: [0]}", "nulls.0 should be a valid string."),
        ("{decimal: ',', thousands: ','}", "thousands and decimal are different signs."),
        ("{file: ../secret.csv}", "file is the name of a file or folder below this folder."),
        ("{delimiter: ';', quote: ';'}", "delimiter and quote are different characters."),
        ("5", "a table is a mapping from options to values"),
    ],
)
def test_a_wrong_table_is_said_and_the_others_are_read(body: str, sentence: str) -> None:
    tables = read_tables(f"tables:\n  wrong: {body}\n  right: {{delimiter: ';'}}\n")
    assert tables.of("right").delimiter == ";"
    with pytest.raises(Invalid) as refused:
        tables.of("wrong")
    assert sentence in refused.value.message
    assert refused.value.message.startswith("tables.yaml declares the table wrong")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("tables: [", "tables.yaml cannot be read: Line 1"),
        ("table: {}", "table is not known here; did you mean tables?"),
        ("- a", "the file is a mapping"),
        ("tables: 5", "tables is a mapping"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_no_table_as_undeclared(text: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_tables(text).of("sales")
    assert sentence in refused.value.message


def test_two_names_that_sql_takes_for_one_are_refused() -> None:
    for one, other in (("sales", "SALES"), ("caf\u00e9", "cafe\u0301")):
        with pytest.raises(Invalid, match="one name to SQL"):
            declared_tables({one: {}, other: {}}).of(one)


def test_settings_win_over_the_file_table_by_table() -> None:
    file = read_tables("tables:\n  a: {delimiter: ;}\n  b: {delimiter: ;}\n  c: {wrong: 1}\n")
    both = file.under(declared_tables({"A": {"delimiter": "|"}, "c": {}}))
    assert (both.of("a").delimiter, both.of("b").delimiter, both.of("c")) == ("|", ";", TableOptions())
    with pytest.raises(Invalid):
        file.under(declared_tables({"b": {"wrong": 1}})).of("b")


def test_problems_of_settings_have_paths() -> None:
    problems = table_problems({"a": {"typs": {}}, "b": {"types": {"x": "FOO"}}, "c": {"skip": 1}})
    assert [(each.code, each.path) for each in problems] == [
        ("UNKNOWN_FIELD", "settings.tables.a.typs"),
        ("WRONG_VALUE", "settings.tables.b.types.x"),
    ]
    assert [each.path for each in table_problems([])] == ["settings.tables"]
    assert not table_problems({})
