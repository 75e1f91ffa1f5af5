"""Tables of several files: united without a loss, or refused by the names of the files."""

import errno
import gzip
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from executor.engines.duckdb.engine import DuckDBEngine
from executor.engines.port import ConnectionSettings, EngineFailure
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.states import ErrorKind
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sandbox.staging import Staging
from tests.integration.executor_engine.conftest import work


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    made = tmp_path / "data"
    made.mkdir()
    return made


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Parquet files by name, each with the rows of a SELECT."""
    for name, sql in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        duckdb.connect().execute(f"COPY ({sql}) TO ?", [str(folder / name)])


async def ask(
    sandbox: Sandbox, directory: Path, folder: Path, sql: str, engine: DuckDBEngine | None = None
) -> list[Any]:
    template = Template(template_id="a_template", name="A template", dialect=Dialect.DUCKDB, sql=sql)
    produced = await (engine or DuckDBEngine(sandbox)).run(work(template, directory, folder=folder))
    return duckdb.connect().execute("FROM read_parquet(?)", [str(produced.file)]).fetchall()


async def refused(sandbox: Sandbox, directory: Path, folder: Path, sql: str) -> EngineFailure:
    with pytest.raises(EngineFailure) as failed:
        await ask(sandbox, directory, folder, sql)
    assert "in/" not in failed.value.message
    assert str(folder) not in failed.value.message
    return failed.value


async def test_later_files_are_neither_rounded_nor_cut_and_their_columns_are_there(
    sandbox: Sandbox, directory: Path, folder: Path
) -> None:
    write(
        folder,
        {
            "sales/a.parquet": "SELECT * FROM (VALUES (1, 10), (2, 20)) t(id, price)",
            "sales/b.parquet": "SELECT 9007199254740993 AS ID, 9.99::DECIMAL(9, 2) AS price, 'x' AS note",
            "sales/c.parquet": "SELECT NULL::VARCHAR AS note, 0.499::DECIMAL(9, 3) AS price, 4 AS id",
            "sales/d.parquet": "SELECT 0::UTINYINT AS id, 0 AS price WHERE false",
        },
    )
    rows = await ask(sandbox, directory, folder, "SELECT id, price, note FROM sales ORDER BY price")
    assert rows == [
        (4, Decimal("0.499"), None),
        (9007199254740993, Decimal("9.990"), "x"),
        (1, Decimal("10.000"), None),
        (2, Decimal("20.000"), None),
    ]
    [(id_type, price_type)] = await ask(
        sandbox, directory, folder, "SELECT typeof(id), typeof(price) FROM sales LIMIT 1"
    )
    assert (id_type, price_type) == ("BIGINT", "DECIMAL(13,3)")


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        ("SELECT 'x' AS id", "is INTEGER in sales/a.parquet and VARCHAR in sales/b.parquet"),
        ("SELECT DATE '2026-01-01' AS id", "is INTEGER in sales/a.parquet and DATE in sales/b.parquet"),
        ("SELECT {'a': 1} AS id", "is INTEGER in sales/a.parquet and STRUCT(a INTEGER) in sales/b.parquet"),
    ],
)
async def test_what_cannot_be_united_names_both_files_and_spoils_only_its_own_table(
    sandbox: Sandbox, directory: Path, folder: Path, second: str, sentence: str
) -> None:
    write(
        folder, {"sales/a.parquet": "SELECT 1 AS id", "sales/b.parquet": second, "other.parquet": "SELECT 7 AS sales"}
    )
    failure = await refused(sandbox, directory, folder, "SELECT * FROM sales")
    assert failure.kind is ErrorKind.VALIDATION
    assert sentence in failure.message
    assert await ask(sandbox, directory, folder, "SELECT sales FROM other") == [(7,)]


async def test_whole_numbers_go_into_a_double_only_where_it_holds_them(
    sandbox: Sandbox, directory: Path, folder: Path
) -> None:
    write(folder, {"t/a.parquet": "SELECT 0.5::DOUBLE AS x", "t/b.parquet": "SELECT 9007199254740992 AS x"})
    assert await ask(sandbox, directory, folder, "SELECT max(x) FROM t") == [(9007199254740992.0,)]
    write(folder, {"t/c.parquet": "SELECT 9007199254740993 AS x"})
    failure = await refused(sandbox, directory, folder, "SELECT max(x) FROM t")
    assert "t/a.parquet" in failure.message


async def test_folders_that_say_values_are_typed_columns(sandbox: Sandbox, directory: Path, folder: Path) -> None:
    write(
        folder,
        {
            "sales/day=2026-01-01/shop=007/number=1/a.parquet": "SELECT 1 AS id",
            "sales/day=2026-01-02/shop=a%20%2F%20b/number=2/a.parquet": "SELECT 2.5::DECIMAL(9, 1) AS id",
            "sales/day=__HIVE_DEFAULT_PARTITION__/shop=[x]*/number=3/a.parquet": "SELECT 3 AS id, 'n' AS note",
        },
    )
    rows = await ask(sandbox, directory, folder, "SELECT id, day, shop, number, note FROM sales ORDER BY id")
    assert rows == [
        (Decimal("1.0"), date(2026, 1, 1), "007", 1, None),
        (Decimal("2.5"), date(2026, 1, 2), "a / b", 2, None),
        (Decimal("3.0"), None, "[x]*", 3, "n"),
    ]
    assert await ask(sandbox, directory, folder, "SELECT id FROM sales WHERE day = DATE '2026-01-02'") == [
        (Decimal("2.5"),)
    ]
    (folder / "tables.yaml").write_text("tables: {sales: {types: {number: VARCHAR}}}")
    assert await ask(sandbox, directory, folder, "SELECT number FROM sales WHERE number = '2'") == [("2",)]


async def test_a_column_that_is_in_the_files_too_is_refused(sandbox: Sandbox, directory: Path, folder: Path) -> None:
    write(folder, {"sales/day=1/a.parquet": "SELECT 1 AS id", "sales/day=2/a.parquet": "SELECT 2 AS id, 3 AS Day"})
    failure = await refused(sandbox, directory, folder, "SELECT * FROM sales")
    assert "The column day is in sales/day=2/a.parquet and in the name of its folder" in failure.message


async def test_a_broken_file_is_called_by_its_own_name(sandbox: Sandbox, directory: Path, folder: Path) -> None:
    write(folder, {"parts/a.parquet": "SELECT 1 AS id", "fine.parquet": "SELECT 1 AS parts"})
    (folder / "parts" / "b c.parquet").write_bytes(b"PAR1 no parquet at all PAR1")
    (folder / "alone.parquet").write_bytes(b"")
    assert "parts/b c.parquet" in (await refused(sandbox, directory, folder, "SELECT * FROM parts")).message
    assert "alone.parquet" in (await refused(sandbox, directory, folder, "SELECT * FROM alone")).message
    assert await ask(sandbox, directory, folder, "SELECT parts FROM fine") == [(1,)]


async def test_two_files_of_one_name_fail_only_who_reads_them(sandbox: Sandbox, directory: Path, folder: Path) -> None:
    write(folder, {"sales.parquet": "SELECT 1 AS id", "other.parquet": "SELECT 1 AS sales"})
    (folder / "Sales.csv").write_text("id\n2\n")
    failure = await refused(sandbox, directory, folder, "SELECT * FROM sales")
    assert "Sales.csv and sales.parquet would be one table" in failure.message
    assert await ask(sandbox, directory, folder, "SELECT sales FROM other") == [(1,)]


@pytest.mark.parametrize(("file", "written"), [("cafe\u0301", "caf\u00e9"), ("caf\u00e9", "cafe\u0301")])
async def test_accents_meet_however_they_are_composed(
    sandbox: Sandbox, directory: Path, folder: Path, file: str, written: str
) -> None:
    write(folder, {f"{file}.parquet": "SELECT 1 AS id"})
    assert await ask(sandbox, directory, folder, f"SELECT id FROM {written}") == [(1,)]


async def test_files_that_are_replaced_are_looked_at_anew(sandbox: Sandbox, directory: Path, folder: Path) -> None:
    engine = DuckDBEngine(sandbox)
    write(folder, {"t/a.parquet": "SELECT 1 AS x", "t/b.parquet": "SELECT 2 AS x"})
    assert await ask(sandbox, directory, folder, "SELECT sum(x) FROM t", engine) == [(3,)]
    write(folder, {"new.parquet": "SELECT 0.25::DECIMAL(9, 2) AS x"})
    (folder / "new.parquet").replace(folder / "t" / "b.parquet")
    assert await ask(sandbox, directory, folder, "SELECT sum(x) FROM t", engine) == [(Decimal("1.25"),)]


@pytest.mark.parametrize(
    "change",
    [
        ("one.parquet", "written into", "fails"),
        ("one.parquet", "replaced", "is read as it was"),
        ("t/b.parquet", "written into", "fails"),
        ("t/b.parquet", "replaced", "fails"),
    ],
)
async def test_a_file_that_is_changed_while_it_is_read_is_never_half_of_each(
    sandbox: Sandbox, directory: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str, str]
) -> None:
    """A single file that is replaced was read as it was; of several nobody knows whether they fit each other still."""
    write(folder, {"one.parquet": "SELECT 1 AS x", "t/a.parquet": "SELECT 1 AS x", "t/b.parquet": "SELECT 2 AS x"})
    file, how, then = change
    engine, table = DuckDBEngine(sandbox), file.partition("/")[0].removesuffix(".parquet")
    await ask(sandbox, directory, folder, f"SELECT sum(x) FROM {table}", engine)
    run = Sandbox.run

    async def changing(sandbox: Sandbox, job: Any) -> Any:
        answers = await run(sandbox, job)
        if how == "replaced":
            write(folder, {"new.parquet": "SELECT 3 AS x"})
            (folder / "new.parquet").replace(folder / file)
        else:
            with (folder / file).open("ab") as opened:
                opened.write(b"more")
        return answers

    monkeypatch.setattr(Sandbox, "run", changing)
    asked = ask(sandbox, directory, folder, f"SELECT count(*) FROM {table}", engine)
    if then == "fails":
        with pytest.raises(EngineFailure, match=f"{file} was changed") as failed:
            await asked
        assert failed.value.kind is ErrorKind.TRANSIENT
    else:
        assert await asked == [(1,)]


async def test_what_is_known_of_files_is_not_looked_up_again(
    sandbox: Sandbox, directory: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = []
    run = Sandbox.run

    async def counted(sandbox: Sandbox, job: Any) -> Any:
        jobs.append(len(job.inputs))
        return await run(sandbox, job)

    monkeypatch.setattr(Sandbox, "run", counted)
    engine = DuckDBEngine(sandbox)
    write(
        folder,
        {f"t/{number}.parquet": f"SELECT {number} AS x" for number in range(3)} | {"one.parquet": "SELECT 1 AS x"},
    )
    await ask(sandbox, directory, folder, "SELECT sum(x) FROM t", engine)
    looks = len(jobs) - 1
    await ask(sandbox, directory, folder, "SELECT sum(x) FROM t", engine)
    await ask(sandbox, directory, folder, "SELECT sum(x) FROM one", engine)
    assert (looks, len(jobs)) == (2, 5), "one job each once the files are known, and always for a single file"


async def test_an_empty_folder_says_that_it_has_no_tables(sandbox: Sandbox, directory: Path, folder: Path) -> None:
    (folder / "empty").mkdir()
    assert "has no tables" in (await refused(sandbox, directory, folder, "SELECT * FROM empty")).message


async def test_a_catalogue_tells_columns_rows_and_what_is_none(sandbox: Sandbox, directory: Path, folder: Path) -> None:
    write(
        folder,
        {
            "sales/day=2026-01-01/a.parquet": "SELECT 1 AS id",
            "sales/day=2026-01-02/b.parquet": "SELECT 2.5::DECIMAL(9, 2) AS id, 'x' AS note FROM range(2)",
            "bad/a.parquet": "SELECT 1 AS id",
            "bad/b.parquet": "SELECT 'x' AS id",
        },
    )
    (folder / "notes.docx").write_text("no table")
    (folder / "empty").mkdir()
    connection = ConnectionSettings("sample", "duckdb", {"folder": str(folder)})
    found = await DuckDBEngine(sandbox).describe(connection, directory)
    bad, sales = found.tables
    assert [(each.name, each.type) for each in sales.columns] == [
        ("id", "DECIMAL(12,2)"),
        ("day", "DATE"),
        ("note", "VARCHAR"),
    ]
    assert (sales.rows, sales.error) == (3, None)
    assert sales.notices == ("note is NULL in the rows of sales/day=2026-01-01/a.parquet, which have no such column.",)
    assert bad.error is not None
    assert "bad/a.parquet and VARCHAR in bad/b.parquet" in bad.error
    assert [each.file for each in found.refused] == ["empty", "notes.docx"]


async def test_a_file_that_cannot_be_had_is_called_by_its_own_name(
    sandbox: Sandbox, directory: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root, who may be running this, can read everything."""
    write(folder, {"closed.parquet": "SELECT 1 AS id"})

    def put(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Staging, "put", put)
    failure = await refused(sandbox, directory, folder, "SELECT * FROM closed")
    assert (failure.kind, failure.message) == (
        ErrorKind.FORBIDDEN,
        "closed.parquet cannot be read: Permission denied.",
    )


async def test_text_files_in_folders_that_say_values_have_the_columns_too(
    sandbox: Sandbox, directory: Path, folder: Path
) -> None:
    for day, name, content in (("2026-01-01", "a.csv.gz", "id\n1\n"), ("2026-01-02", "b.csv", "id\n2\n")):
        (folder / "sales" / f"day={day}").mkdir(parents=True)
        packed = gzip.compress(content.encode()) if name.endswith(".gz") else content.encode()
        (folder / "sales" / f"day={day}" / name).write_bytes(packed)
    (folder / "lines.jsonl").write_text('{"id": 1}\n{"id": 3}\n')
    rows = await ask(sandbox, directory, folder, "SELECT id, day FROM sales ORDER BY id")
    assert rows == [(1, date(2026, 1, 1)), (2, date(2026, 1, 2))]
    assert await ask(sandbox, directory, folder, "SELECT max(id) FROM lines") == [(3,)]
