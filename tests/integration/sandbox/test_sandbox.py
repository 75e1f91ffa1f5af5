"""Jobs in the sandbox: answers, files, deadlines, and what happens when processes die."""

import asyncio
import hashlib
import os
import shutil
import signal
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import duckdb
import pytest

from queryflow.domain.states import ErrorKind
from queryflow.sandbox.jobs.job import Answer, Job, JobFailed, Query
from queryflow.sandbox.sandbox import Sandbox, WallsMissing
from queryflow.sandbox.settings import SandboxSettings
from queryflow.sandbox.walls import Wall
from tests.integration.sandbox.processes import FOREVER, busy, gone, parent, servers
from tests.support.eventually import eventually

SOON = timedelta(seconds=60)


async def ask(sandbox: Sandbox, directory: Path, query: Query, **inputs: Path) -> Answer:
    named = {name.replace("_", "."): path for name, path in inputs.items()}
    [answer] = await sandbox.run(Job((query,), directory, SOON, named))
    return answer


async def test_values_come_back_with_their_types(sandbox: Sandbox, directory: Path) -> None:
    sql = """SELECT 9007199254740993 AS big, '007' AS text, 1.50::DECIMAL(9, 2) AS money, DATE '2026-11-22' AS day,
             TIMESTAMP '2026-11-22 01:02:03' AS moment, TIMESTAMPTZ '2026-11-22 01:02:03+02' AS instant,
             'nan'::DOUBLE AS nan, NULL AS nothing, [1, NULL] AS list, {'a': [DATE '2026-01-01']} AS nested,
             [INTERVAL '3 months 1 day'] AS spans"""
    answer = await ask(sandbox, directory, Query(sql, rows=5))
    [row] = answer.rows
    moment = datetime(2026, 11, 22, 1, 2, 3)  # noqa: DTZ001 - a TIMESTAMP has no zone
    assert row[:5] == (9007199254740993, "007", Decimal("1.50"), date(2026, 11, 22), moment)
    assert row[5] == datetime(2026, 11, 21, 23, 2, 3, tzinfo=UTC)
    assert row[6] != row[6]
    assert row[7:] == (None, [1, None], {"a": [date(2026, 1, 1)]}, ["3 months 1 day"])
    assert answer.columns[:3] == (("big", "BIGINT"), ("text", "VARCHAR"), ("money", "DECIMAL(9,2)"))


async def test_a_result_file_is_measured_and_keeps_order_and_whole_sums(sandbox: Sandbox, directory: Path) -> None:
    sql = (
        "SELECT i, sum(9007199254740993) AS total, [sum(i)] AS sums FROM range(3) t(i) GROUP BY i ORDER BY 1 DESC -- x"
    )
    answer = await ask(sandbox, directory, Query(sql, file="result.parquet", rows=2))
    assert answer.file is not None
    content = answer.file.path.read_bytes()
    assert (answer.file.bytes, answer.file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (answer.row_count, answer.more) == (3, True)
    assert answer.rows == ((2, 9007199254740993, [2]), (1, 9007199254740993, [1]))
    assert answer.columns == (("i", "BIGINT"), ("total", "BIGINT"), ("sums", "BIGINT[]"))
    assert answer.file.path.stat().st_uid == os.geteuid()


async def test_no_rows_keep_their_columns(sandbox: Sandbox, directory: Path) -> None:
    answer = await ask(sandbox, directory, Query("SELECT 1 AS a, 'x' AS a WHERE false", file="result.parquet", rows=9))
    assert (answer.row_count, answer.rows, answer.more) == (0, (), False)
    assert [type_ for _, type_ in answer.columns] == ["INTEGER", "VARCHAR"]


@pytest.mark.parametrize("file", [None, "result.parquet"])
async def test_a_column_whose_name_no_database_stores_is_refused(
    sandbox: Sandbox, directory: Path, file: str | None
) -> None:
    named = r"""'{"a\u0000b": 1}', '{"a\u0000b": "INTEGER"}'"""
    with pytest.raises(JobFailed, match="The name of column 2 has a NUL character") as failed:
        await ask(sandbox, directory, Query(f"SELECT 1 AS a, unnest(json_transform({named}))", file=file))
    assert failed.value.kind is ErrorKind.VALIDATION


async def test_a_sum_beyond_64_bits_fails_rather_than_lose_digits(sandbox: Sandbox, directory: Path) -> None:
    with pytest.raises(JobFailed, match="out of range") as failed:
        await ask(sandbox, directory, Query("SELECT sum(9223372036854775807) FROM range(3)", file="result.parquet"))
    assert failed.value.kind is ErrorKind.VALIDATION


async def test_inputs_are_read_with_setup_and_stay_as_they_are(sandbox: Sandbox, directory: Path) -> None:
    source = directory / "source.parquet"
    duckdb.connect().execute("COPY (SELECT '00' || i AS id FROM range(3) t(i)) TO ? (FORMAT parquet)", [str(source)])
    before = source.read_bytes()
    view = "CREATE VIEW source AS FROM read_parquet('in/source.parquet')"
    answer = await ask(sandbox, directory, Query("FROM source", (view,), rows=9), source_parquet=source)
    assert answer.rows == (("000",), ("001",), ("002",))
    assert source.read_bytes() == before


async def test_a_recursive_query_over_parquet_ends(sandbox: Sandbox, directory: Path) -> None:
    source = directory / "staff.parquet"
    staff = "SELECT i AS id, CASE WHEN i > 1 THEN i // 2 END AS boss FROM range(1, 16) t(i)"
    duckdb.connect().execute(f"COPY ({staff}) TO ?", [str(source)])
    sql = """WITH RECURSIVE r AS (
                 SELECT id, 0 AS depth FROM 'in/staff.parquet' WHERE boss IS NULL
                 UNION ALL SELECT s.id, r.depth + 1 FROM 'in/staff.parquet' s JOIN r ON s.boss = r.id)
             SELECT depth, count(*) FROM r GROUP BY depth ORDER BY depth"""
    answer = await ask(sandbox, directory, Query(sql, rows=9), staff_parquet=source)
    assert answer.rows == ((0, 1), (1, 2), (2, 4), (3, 8))


async def test_an_input_that_cannot_be_linked_is_copied_once(
    sandbox: Sandbox, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied, copyfile = [], shutil.copyfile

    def copying(source: Path, target: Path) -> Path:
        copied.append(source)
        return copyfile(source, target)

    monkeypatch.setattr(shutil, "copyfile", copying)
    private = directory / "private.csv"
    private.write_text("a\n1\n")
    private.chmod(0o600)
    elsewhere = Path("/dev/shm") / f"queryflow-{os.getpid()}.csv"
    elsewhere.write_text("a\n2\n")
    try:
        for path, value in ((private, 1), (elsewhere, 2), (elsewhere, 2)):
            assert (await ask(sandbox, directory, Query("FROM 'in/x.csv'", rows=9), x_csv=path)).rows == ((value,),)
    finally:
        elsewhere.unlink()
    assert copied.count(elsewhere) == 1


@pytest.mark.parametrize("sql", ["SELECT 'ü;' AS a; -- done", "SELECT 'ü;' AS a -- ;", "SELECT 'ü;' AS a;; /* ; */ "])
async def test_what_follows_the_statement_does_not_matter(sandbox: Sandbox, directory: Path, sql: str) -> None:
    assert (await ask(sandbox, directory, Query(sql, file="result.parquet", rows=1))).rows == (("ü;",),)


async def test_several_queries_share_a_child_and_a_failure_names_its_query(sandbox: Sandbox, directory: Path) -> None:
    one, two = await sandbox.run(Job((Query("SELECT 1", rows=1), Query("SELECT 2", rows=1)), directory, SOON))
    assert (one.rows, two.rows) == (((1,),), ((2,),))
    with pytest.raises(JobFailed) as failed:
        await sandbox.run(Job((Query("SELECT 1", rows=1), Query("SELECT )", rows=1)), directory, SOON))
    assert (failed.value.kind, failed.value.query) == (ErrorKind.VALIDATION, 1)
    assert "LINE 1: SELECT )" in failed.value.message


async def test_children_draw_different_random_numbers(sandbox: Sandbox, directory: Path) -> None:
    query = Query("SELECT random(), uuid()", rows=1)
    drawn = [(await ask(sandbox, directory, query)).rows[0] for _ in range(4)]
    assert len({number for number, _ in drawn}) == 4
    assert len({identifier for _, identifier in drawn}) == 4


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT * FROM missing", ErrorKind.MISSING),
        ("SELECT missing()", ErrorKind.VALIDATION),
        ("SELEC 1", ErrorKind.VALIDATION),
        ("SELECT 'x'::INTEGER", ErrorKind.VALIDATION),
        ("SELECT error('a sentence')", ErrorKind.VALIDATION),
    ],
)
async def test_failures_are_sorted_by_what_can_be_done(
    sandbox: Sandbox, directory: Path, sql: str, kind: ErrorKind
) -> None:
    with pytest.raises(JobFailed) as failed:
        await ask(sandbox, directory, Query(sql, rows=1))
    assert failed.value.kind is kind


async def test_cancelling_kills_the_child(sandbox: Sandbox, directory: Path) -> None:
    running = asyncio.create_task(sandbox.run(Job((Query(FOREVER, rows=1),), directory, SOON)))
    await eventually(busy)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await eventually(lambda: not busy())


async def test_a_killed_child_is_a_transient_failure(sandbox: Sandbox, directory: Path) -> None:
    running = asyncio.create_task(sandbox.run(Job((Query(FOREVER, rows=1),), directory, SOON)))
    [process] = await eventually(busy)
    os.kill(process, signal.SIGKILL)
    with pytest.raises(JobFailed) as failed:
        await running
    assert failed.value.kind is ErrorKind.TRANSIENT


async def test_a_crash_of_the_query_is_not_tried_again(sandbox: Sandbox, directory: Path) -> None:
    running = asyncio.create_task(sandbox.run(Job((Query(FOREVER, rows=1),), directory, SOON)))
    [process] = await eventually(busy)
    os.kill(process, signal.SIGSEGV)
    with pytest.raises(JobFailed, match="SIGSEGV") as failed:
        await running
    assert failed.value.kind is ErrorKind.REJECTED


async def test_a_job_survives_the_loss_of_the_server(sandbox: Sandbox, directory: Path) -> None:
    slow = Query("SELECT count(*) FROM range(120000000) t(i) WHERE i % 7 = 3", rows=1)
    running = asyncio.create_task(sandbox.run(Job((slow,), directory, SOON)))
    [process] = await eventually(busy)
    os.kill(parent(process), signal.SIGKILL)
    [answer] = await running
    assert answer.rows == ((17142857,),)
    await eventually(partial(gone, process))


async def test_servers_lost_at_any_moment_leave_no_gap(tmp_path: Path) -> None:
    """The loss may come while a worker is raised: its place must not be lost with it."""
    running = Sandbox(SandboxSettings(folder=tmp_path, ready=1))
    await running.start()
    try:
        for _ in range(4):
            [server] = await eventually(lambda: servers(tmp_path))
            os.kill(server, signal.SIGKILL)
            await eventually(partial(gone, server))
        assert (await ask(running, tmp_path, Query("SELECT 1", rows=1))).rows == ((1,),)
    finally:
        await running.stop()


async def test_a_start_removes_what_a_killed_run_left_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "run-killed").mkdir()
    (tmp_path / "run-killed" / "lock").touch()
    first, second = (Sandbox(SandboxSettings(folder=tmp_path, ready=1)) for _ in range(2))
    await first.start()
    await second.start()
    assert len(list(tmp_path.iterdir())) == 2
    assert (await ask(first, tmp_path, Query("SELECT 1", rows=1))).rows == ((1,),)
    await first.stop()
    await second.stop()
    assert list(tmp_path.iterdir()) == []


async def test_many_jobs_at_once_leave_nothing_behind(sandbox: Sandbox, directory: Path) -> None:
    answers = await asyncio.gather(
        *(ask(sandbox, directory, Query(f"SELECT {number}", rows=1)) for number in range(24))
    )
    assert [answer.rows[0][0] for answer in answers] == list(range(24))
    workers = next(iter(sandbox.settings.folder.glob("run-*/forked-*")))
    await eventually(lambda: len(list(workers.iterdir())) <= sandbox.settings.ready + 1)


async def test_the_server_knows_nothing_of_its_parent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QUERYFLOW_SECRET", "canary")
    running = Sandbox(SandboxSettings(folder=tmp_path, ready=1, exposed=True))
    await running.start()
    started = servers(tmp_path)
    try:
        assert started
        assert {Path(f"/proc/{process}/environ").read_bytes() for process in started} == {b""}
    finally:
        await running.stop()


async def test_strangers_are_not_let_in_without_a_wall_of_the_kernel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def walls(sandbox: Sandbox) -> list[Wall]:
        return [Wall("Landlock", False, "not in this kernel"), Wall("seccomp", False, "the same")]

    monkeypatch.setattr(Sandbox, "walls", walls)
    with pytest.raises(WallsMissing):
        await Sandbox(SandboxSettings(folder=tmp_path, ready=1, exposed=True)).start()
    assert list(tmp_path.iterdir()) == []
