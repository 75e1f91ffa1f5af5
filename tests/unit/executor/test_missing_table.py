"""A table that does not exist: the tables of the person's folder come first, not DuckDB's guess."""

import duckdb
import pytest

from executor.engines.duckdb.missing_table import MOST_NAMED, missing_table


def said(sql: str) -> str:
    with pytest.raises(duckdb.CatalogException) as raised:
        duckdb.connect().execute(sql)
    return str(raised.value)


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        (
            "SELECT 1\nFROM order_list",
            "There is no table order_list. Did you mean orders? "
            "The engine connection shop has the tables customers, orders. (line 2 of the SQL that was sent)",
        ),
        (
            'FROM "Custmers"',
            "There is no table Custmers. Did you mean customers? "
            "The engine connection shop has the tables customers, orders. (line 1 of the SQL that was sent)",
        ),
        (
            "FROM zzz",
            "There is no table zzz. The engine connection shop has the tables customers, orders. "
            "(line 1 of the SQL that was sent)",
        ),
    ],
)
def test_the_message_names_the_tables_and_the_near_ones(sql: str, sentence: str) -> None:
    assert missing_table(said(sql), "shop", ["orders", "customers"]) == sentence


def test_of_many_tables_the_first_are_named() -> None:
    names = [f"table_{number:03}" for number in range(MOST_NAMED + 5)]
    assert missing_table(said("FROM x"), "shop", names).endswith("and 5 others. (line 1 of the SQL that was sent)")


def test_without_tables_it_says_so() -> None:
    assert "The engine connection shop has no tables." in missing_table(said("FROM x"), "shop", [])


def test_what_is_missing_otherwise_keeps_its_words() -> None:
    assert (
        missing_table("No files found", "shop", ["a"]) == "The engine connection shop has one table, a.\nNo files found"
    )
