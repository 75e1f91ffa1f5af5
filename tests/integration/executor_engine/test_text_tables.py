"""Tables of CSV and JSON lines: every row as it was written and in a type that loses nothing, or a clear refusal."""

import gzip
import json
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard

from executor.engines.duckdb.engine import DuckDBEngine
from executor.engines.duckdb.table_cache import TableCache
from executor.engines.port import EngineFailure
from queryflow.domain.flow.template import Dialect, Template
from queryflow.sandbox.reading.typed import MANY_COLUMNS
from queryflow.sandbox.sandbox import Sandbox
from tests.integration.executor_engine.conftest import work


class Asked:
    """Queries over one folder; each gets a directory of its own."""

    def __init__(self, sandbox: Sandbox, place: Path) -> None:
        self.folder = place / "data"
        self.folder.mkdir()
        self.cache = TableCache(place / "tables", 1_000_000)
        self._engine = DuckDBEngine(sandbox, self.cache)
        self._place = place
        self._asked = 0

    async def __call__(self, sql: str) -> duckdb.DuckDBPyRelation:
        """The result of the query."""
        self._asked += 1
        directory = self._place / f"attempt-{self._asked}"
        directory.mkdir()
        template = Template(template_id="a_template", name="A template", dialect=Dialect.DUCKDB, sql=sql)
        produced = await self._engine.run(work(template, directory, folder=self.folder))
        return duckdb.connect().sql("FROM read_parquet(?)", params=[str(produced.file)])

    async def rows(self, sql: str) -> list[Any]:
        return (await self(sql)).fetchall()

    async def read(self, text: str | bytes, name: str = "t.csv") -> tuple[list[str], list[Any]]:
        """Types and rows of a table `t` of that text."""
        (self.folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
        found = await self("SELECT * FROM t")
        return [str(each) for each in found.types], found.fetchall()

    async def refused(self, text: str | bytes, name: str = "t.csv") -> str:
        with pytest.raises(EngineFailure) as failed:
            await self.read(text, name)
        assert "in/" not in failed.value.message
        assert str(self.folder) not in failed.value.message
        return failed.value.message

    def declare(self, options: Mapping[str, Any]) -> None:
        (self.folder / "tables.yaml").write_text(json.dumps({"tables": {"t": dict(options)}}))


@pytest.fixture
def ask(sandbox: Sandbox, tmp_path: Path) -> Asked:
    """Ask about the files of an empty folder."""
    return Asked(sandbox, tmp_path)


@pytest.mark.parametrize(
    ("values", "type_", "rows"),
    [
        (["1", "-20", "0"], "BIGINT", [1, -20, 0]),
        (["9223372036854775807", "9223372036854775808"], "DECIMAL(38,0)", None),
        (["10", "9.99", "10.50"], "DECIMAL(18,2)", [Decimal("10.00"), Decimal("9.99"), Decimal("10.50")]),
        (["10.0", "9.99", "10.55"], "DECIMAL(18,2)", None),
        (["1.2", "1.10"], "VARCHAR", ["1.2", "1.10"]),
        (["0.49", "0"], "DECIMAL(18,2)", [Decimal("0.49"), Decimal("0.00")]),
        (["123", "00123"], "VARCHAR", ["123", "00123"]),
        (["1", "+1"], "VARCHAR", ["1", "+1"]),
        (["1", "1e5"], "VARCHAR", ["1", "1e5"]),
        (["1" * 39], "VARCHAR", ["1" * 39]),
        (["2026-11-22", "2026-02-28"], "DATE", [date(2026, 11, 22), date(2026, 2, 28)]),
        (["2026-11-22", "2026-02-30"], "VARCHAR", ["2026-11-22", "2026-02-30"]),
        (["2026-11-22 10:30", "2026-11-22T10:30:01.5"], "TIMESTAMP", None),
        (["2026-11-22", "2026-11-22 10:30"], "VARCHAR", ["2026-11-22", "2026-11-22 10:30"]),
        (["10:30", "23:59:59"], "TIME", [time(10, 30), time(23, 59, 59)]),
        (["true", "FALSE", "True"], "BOOLEAN", [True, False, True]),
        (["t", "f"], "VARCHAR", ["t", "f"]),
        (["1.5", "nan"], "VARCHAR", ["1.5", "nan"]),
        (["1", "n/a"], "VARCHAR", ["1", "n/a"]),
        (["", "3"], "BIGINT", [None, 3]),
        (['""', "3"], "BIGINT", [None, 3]),
        (['""', "x", ""], "VARCHAR", ["", "x", None]),
    ],
)
async def test_a_column_has_the_type_that_loses_nothing(
    ask: Asked, values: list[str], type_: str, rows: list[Any] | None
) -> None:
    types, found = await ask.read("v,w\n" + "".join(f"{value},x\n" for value in values))
    assert types == [type_, "VARCHAR"]
    assert [row[0] for row in found] == rows if rows is not None else len(found) == len(values)


async def test_columns_of_a_wide_table_are_what_each_is_alone(ask: Asked) -> None:
    """Those of wide tables are looked at together."""
    columns = (
        ("1", "-20", ""), ('""', "5", ""), ('""', "a", ""), ("10", "9.99", "10.50"), ("1.2", "1.10", "1"),
        ("007", "1", "2"), ("2026-01-01", "0999-12-31", ""), ("2026-01-01T10:00:00", "2026-06-01 10:00:00.5", ""),
        ("true", "FALSE", ""), ("", "", ""), ("2026-01-01", "x", "y"), ("9223372036854775808", "1", '""'),
    )  # fmt: skip

    def written(times: int) -> str:
        header = [f"c{number}" for number in range(len(columns) * times)]
        return "".join(f"{','.join(row)}\n" for row in (header, *zip(*columns * times, strict=True)))

    types, rows = await ask.read(written(1))
    assert len(set(types)) == 7
    times = MANY_COLUMNS // len(columns) + 1
    wide_types, wide_rows = await ask.read(written(times))
    assert wide_types == types * times
    assert wide_rows == [row * times for row in rows]


async def test_a_time_keeps_its_offset(ask: Asked) -> None:
    (ask.folder / "t.csv").write_text("v,w\n2026-11-22T10:30:00-05:00,x\n2026-11-22 15:30Z,y\n")
    assert (
        await ask.rows("SELECT typeof(v), epoch(v) = epoch('2026-11-22 15:30Z'::TIMESTAMPTZ) FROM t")
        == [("TIMESTAMP WITH TIME ZONE", True)] * 2
    )


async def test_the_last_row_of_many_decides_as_the_first_does(ask: Asked) -> None:
    body = "".join(f"{number},early\n" for number in range(100, 25_000))
    assert await ask.read(f"code,who\n{body}00123,late\n") == (["VARCHAR", "VARCHAR"], await ask.rows("FROM t"))
    assert await ask.rows("SELECT who FROM t WHERE code = '00123'") == [("late",)]
    assert await ask.rows("SELECT count(*) FROM t") == [(24_901,)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,land\na,b\nc,d\ne,f\ng,h,i\n", "t.csv, line 5: the row has 3 fields, and the header has 2"),
        ("name,sales\na,1\nb,2\nTotal\n", "t.csv, line 4: the row has 1 field, and the header has 2"),
        ('a,b\n"x\ny",1\n2\n', "t.csv, line 4: the row has 1 field"),
        ("a,b\n1,2\n\n3,4\n", "t.csv, line 3: the line is empty"),
        ("a,b;c\n1,2;3\n", "commas and semicolons equally often (1)"),
        ("a,A\n1,2\n", "t.csv, line 1: a and A are one name to SQL"),
        ("a,a\n1,2\n", "t.csv, line 1: two columns are called a"),
        ("a,\n1,2\n", "t.csv, line 1: column 2 of the header has no name"),
        (b"a,b\0\n1,2\n", "t.csv, line 1: the name of column 2 of the header has a NUL character"),
        ("", "t.csv: the file is empty"),
        ('a,b\n"x"y,2\n', "t.csv, line 2: text follows the quote"),
        ('a,b\n1,2\n"x,2\n', "t.csv, line 3: a quote opens a field here and nothing closes it"),
        (b"a,b\n1,\xff\n", "t.csv, line 2: a character is not UTF-8"),
        (b"a,b\n1,2\n3,\x004\n", "t.csv, line 3: the line has a NUL character"),
        (b"PK\x03\x04....", "t.csv: the file is a zip archive or an Excel workbook"),
    ],
)
async def test_what_is_no_table_is_refused_with_file_and_line(ask: Asked, text: str | bytes, said: str) -> None:
    assert said in await ask.refused(text)


async def test_the_first_line_is_the_header_whatever_it_says(ask: Asked) -> None:
    await ask.read("1,2024\n3,4\n")
    assert await ask.rows('SELECT "1", "2024" FROM t') == [(3, 4)]


async def test_a_header_without_a_delimiter_is_one_column_of_whole_lines(ask: Asked) -> None:
    assert await ask.read("name\nAda; Countess, of Lovelace\n\n") == (
        ["VARCHAR"],
        [("Ada; Countess, of Lovelace",), (None,)],
    )
    assert await ask.read("name\na,1\nb,2\n", "t.csv") == (["VARCHAR"], [("a,1",), ("b,2",)])


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
async def test_delimiters_and_line_ends(ask: Asked, delimiter: str, ending: str) -> None:
    lines = ["a,b,c", '1,"x, ""y""\n z",', "2,,é"]
    text = ending.join(line.replace(",", delimiter) for line in lines)
    note = 'x, "y"\n z'.replace(",", delimiter)
    assert await ask.read("\ufeff" + text) == (["BIGINT", "VARCHAR", "VARCHAR"], [(1, note, None), (2, None, "é")])


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.zst", "t.tsv", "t/part.csv"])
async def test_packed_files_and_folders_are_tables(ask: Asked, name: str) -> None:
    text = b"id\tname\n007\tAda\n"
    packers: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": zstandard.compress}
    packed = packers.get(name.rpartition(".")[2], bytes)
    (ask.folder / name).parent.mkdir(exist_ok=True)
    assert await ask.read(packed(text), name) == (["VARCHAR", "VARCHAR"], [("007", "Ada")])


async def test_what_is_declared_wins(ask: Asked) -> None:
    ask.declare(
        {
            "delimiter": ";",
            "decimal": ",",
            "thousands": ".",
            "nulls": ["-"],
            "date_format": "%d.%m.%Y",
            "types": {"zip": "VARCHAR", "amount": "DECIMAL(12,2)"},
            "skip": 1,
            "encoding": "latin-1",
        }
    )
    text = "Export vom 1.2.\nzip;amount;day;who\n1067;1.234,50;22.11.2026;Jürgen\n2067;-;01.02.2026;-\n"
    assert await ask.read(text.encode("latin-1")) == (
        ["VARCHAR", "DECIMAL(12,2)", "DATE", "VARCHAR"],
        [("1067", Decimal("1234.50"), date(2026, 11, 22), "Jürgen"), ("2067", None, date(2026, 2, 1), None)],
    )


async def test_a_value_that_is_not_of_the_declared_type_is_named(ask: Asked) -> None:
    ask.declare({"types": {"v": "BIGINT"}})
    assert "t.csv, line 4: n/a in v is no BIGINT" in await ask.refused("id,v\n1,1\n2,2\n3,n/a\n")
    assert "t.csv, line 2: 1.5 in v is no BIGINT" in await ask.refused("id,v\n1,1.5\n")


async def test_rows_may_be_uneven_where_that_is_declared(ask: Asked) -> None:
    ask.declare({"allow_uneven": True})
    assert await ask.read("a,b\n1\n2,3\n") == (["BIGINT", "BIGINT"], [(1, None), (2, 3)])
    assert "line 2: the row has 3 fields" in await ask.refused("a,b\n1,2,3\n")


async def test_the_first_row_may_be_uneven_too_where_names_are_declared(ask: Asked) -> None:
    ask.declare({"header": ["a", "b"], "allow_uneven": True})
    assert "line 1: the first row has 1 field, and the declared header has 2; declare the delimiter" in (
        await ask.refused("1\n2,3\n")
    )
    ask.declare({"header": ["a", "b"], "allow_uneven": True, "delimiter": ","})
    assert await ask.read("1\n2,3\n") == (["BIGINT", "BIGINT"], [(1, None), (2, 3)])
    assert "line 1: the first row has 3 fields, and the declared header has 2" in await ask.refused("1,2,3\n")
    ask.declare({"header": ["a", "b"], "skip": 1})
    assert "line 2: the first row has 1 field, and the declared header has 2" in await ask.refused("x\n1\n")


async def test_a_bad_table_fails_only_the_queries_that_read_it(ask: Asked) -> None:
    (ask.folder / "good.csv").write_text("id,name\n1,Ada\n")
    (ask.folder / "tables.yaml").write_text("tables: {t: {delimeter: ;}, good: {}}\n")
    assert "delimeter is not known here; did you mean delimiter?" in await ask.refused("a\n1\n")
    assert await ask.rows("SELECT name FROM good") == [("Ada",)]


async def test_json_lines_widen_by_every_line(ask: Asked) -> None:
    lines = [{"id": 1, "price": 10}, {"id": 2**53 + 1, "price": 9.99, "tags": ["a"]}, {"price": None, "code": "007"}]
    types, rows = await ask.read("\n".join(map(json.dumps, lines)) + "\n", "t.jsonl")
    assert types[:2] == ["BIGINT", "DECIMAL(18,2)"]
    assert [row[:2] for row in rows] == [(1, Decimal("10.00")), (2**53 + 1, Decimal("9.99")), (None, None)]
    assert [row[3] for row in rows] == [None, None, "007"]


async def test_json_that_is_none_is_refused_with_its_line(ask: Asked) -> None:
    assert "t.jsonl, line 2: this is no JSON" in await ask.refused('{"a": 1}\n{"a": \n', "t.jsonl")
    assert "t.jsonl, line 1: the line is no object" in await ask.refused("[1, 2]\n", "t.jsonl")


async def test_a_file_is_read_once_until_it_changes(ask: Asked) -> None:
    await ask.read("id\n1\n")
    [kept] = ask.cache.folder.glob("*.parquet")
    inode = kept.stat().st_ino
    assert await ask.rows("FROM t") == [(1,)]
    assert [each.stat().st_ino for each in ask.cache.folder.glob("*.parquet")] == [inode]
    assert await ask.read("id\n2\n") == (["BIGINT"], [(2,)])


async def test_files_of_one_table_are_united_and_what_some_lack_is_null(ask: Asked) -> None:
    (ask.folder / "t" / "day=2026-11-01").mkdir(parents=True)
    (ask.folder / "t" / "day=2026-11-02").mkdir()
    (ask.folder / "t" / "day=2026-11-01" / "a.csv").write_text("id,price\n1,10\n")
    (ask.folder / "t" / "day=2026-11-02" / "b.csv").write_text("price,id,note\n9.99,2,x\n")
    found = await ask("SELECT id, price, note, day FROM t ORDER BY id")
    assert found.fetchall() == [
        (1, Decimal("10.00"), None, date(2026, 11, 1)),
        (2, Decimal("9.99"), "x", date(2026, 11, 2)),
    ]


async def test_a_column_of_the_file_is_never_hidden_by_its_folder(ask: Asked) -> None:
    (ask.folder / "t" / "day=2026-11-01").mkdir(parents=True)
    message = await ask.refused("id,day\n1,2025-01-01\n", "t/day=2026-11-01/a.csv")
    assert "the column day is in the file and in the name of its folder as well" in message


async def test_a_table_is_read_although_nothing_can_be_kept(ask: Asked) -> None:
    """Whatever is wrong with the place, a full disk or one that may not be written."""
    ask.cache.folder.write_text("no folder")
    assert await ask.read("a\n1\n") == (["BIGINT"], [(1,)])
