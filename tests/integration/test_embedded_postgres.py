"""The embedded server: as root and as anyone, in a closed home, after every kind of death."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import asyncpg
import psutil
import pytest

from queryflow_cli.servers import postgres, postgres_binaries
from queryflow_cli.servers.postgres import EmbeddedPostgres, FolderInUse
from tests.support.eventually import eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the launcher reads /proc")

DAEMON = 1
"""A user that every Debian knows and that has no rights."""

OWNER = """
    import sys, time
    from pathlib import Path
    from queryflow_cli.servers.postgres import EmbeddedPostgres
    server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
    print(server.start(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def empty_home(tmp_path: Path) -> Iterator[Path]:
    """A home that only its owner can enter, where nothing was ever started."""
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    yield closed
    shutil.rmtree(closed, ignore_errors=True)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a server that was started and stopped: making its data takes a second of computing."""
    folder = tmp_path_factory.mktemp("used") / "postgres"
    with EmbeddedPostgres(folder, durable=False):
        return folder


@pytest.fixture
def home(empty_home: Path, used: Path) -> Path:
    """A closed home with a copy of that folder."""
    shutil.copytree(used, empty_home / "postgres")
    return empty_home


async def ask(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def start_owner(home: Path) -> tuple[subprocess.Popen[str], str]:
    """Another process that owns a server in this home, and the server's URL."""
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OWNER), str(home / "postgres")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert owner.stdout is not None
    return owner, owner.stdout.readline().strip()


def postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "postgres/data/postmaster.pid").read_text().splitlines()[0]))


def alive(process: psutil.Process) -> bool:
    """A zombie that nobody reaped is dead."""
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


async def test_it_serves_durably_in_utf8_and_demands_its_password(empty_home: Path) -> None:
    with EmbeddedPostgres(empty_home / "postgres") as server:
        url = server.url
        assert await ask(url, "SHOW fsync") == "on"
        assert await ask(url, "SHOW server_encoding") == "UTF8"
        assert await ask(url, "SHOW listen_addresses") == "127.0.0.1"
        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(url.replace(":", ":x", 2).replace(":x//", "://"), "SELECT 1")
    assert not server.running
    with pytest.raises(OSError, match="onnect"):
        await ask(url, "SELECT 1")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may change its user")
async def test_root_without_namespaces_runs_it_as_nobody(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_binaries, "namespaces_allowed", lambda: False)
    with EmbeddedPostgres(home / "postgres", durable=False) as server:
        assert await ask(server.url, "SELECT 1") == 1
        assert postmaster(home).uids().real == postgres_binaries.NOBODY
    monkeypatch.undo()
    with EmbeddedPostgres(home / "postgres", durable=False) as server:
        assert await ask(server.url, "SELECT 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="starts as root to become somebody else; as anybody the other tests do")
def test_a_user_without_rights_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forked, because the user may be unable to read this Python or this checkout."""
    monkeypatch.setattr(postgres_binaries, "namespaces_allowed", lambda: False)
    readable = postgres_binaries.PostgresBinaries(postgres_binaries.find_binaries().programs)
    monkeypatch.setattr(postgres, "find_binaries", lambda: readable)
    home = Path(tempfile.mkdtemp(prefix="queryflow-", dir="/var/tmp"))
    os.chown(home, DAEMON, DAEMON)
    try:
        child = os.fork()
        if child == 0:
            start_and_exit_as(DAEMON, home / "postgres")
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert (home / "postgres/data").stat().st_uid == DAEMON
    finally:
        shutil.rmtree(home)


def start_and_exit_as(user: int, folder: Path) -> NoReturn:
    ran = False
    try:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        with EmbeddedPostgres(folder, durable=False) as server:
            ran = server.running
    finally:
        os._exit(0 if ran else 1)


async def test_it_ends_when_its_owner_is_killed_and_comes_back_with_everything_committed(home: Path) -> None:
    owner, url = start_owner(home)
    await ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    server = postmaster(home)
    owner.kill()
    owner.wait()
    await eventually(lambda: not alive(server), within=20)
    with EmbeddedPostgres(home / "postgres", durable=False) as mine:
        assert mine.url == url
        assert await ask(mine.url, "SELECT answer FROM kept") == 42


async def test_a_server_killed_under_us_starts_again_at_the_same_address(home: Path) -> None:
    with EmbeddedPostgres(home / "postgres", durable=False) as server:
        await ask(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        url, killed = server.url, postmaster(home)
        killed.kill()
        await eventually(lambda: not server.running)
        assert server.start() == url
        assert await ask(url, "SELECT answer FROM kept") == 42


async def test_an_orphaned_server_and_a_pid_that_is_anothers_are_mended(home: Path) -> None:
    owner, _ = start_owner(home)
    shells = [child for child in psutil.Process(owner.pid).children() if child.name() == "sh"]
    guards = [child for shell in shells for child in shell.children() if child.name() == "sh"]
    for process in (*guards, *shells, psutil.Process(owner.pid)):
        process.send_signal(signal.SIGKILL)
    owner.wait()
    orphan = postmaster(home)
    assert alive(orphan)
    bystander = subprocess.Popen(["sleep", "60"], cwd=home / "postgres/data")
    with EmbeddedPostgres(home / "postgres", durable=False) as server:
        assert not alive(orphan)
        assert await ask(server.url, "SELECT 1") == 1
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()
    (home / "postgres/data/postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n0\n1\n\n127.0.0.1\n0 0\nready\n")
    with EmbeddedPostgres(home / "postgres", durable=False) as server:
        assert await ask(server.url, "SELECT 1") == 1


def test_two_at_once_in_one_home_are_refused(home: Path) -> None:
    owner, _ = start_owner(home)
    try:
        with pytest.raises(FolderInUse, match="Another process"):
            EmbeddedPostgres(home / "postgres", durable=False).start()
    finally:
        owner.communicate()


def test_an_interrupted_first_start_heals_and_another_version_is_refused(empty_home: Path) -> None:
    half_made = empty_home / "postgres/data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18")
    with EmbeddedPostgres(empty_home / "postgres", durable=False):
        assert not half_made.exists()
    (empty_home / "postgres/data/PG_VERSION").write_text("9\n")
    with pytest.raises(postgres_binaries.EmbeddedPostgresError, match="written by PostgreSQL 9"):
        EmbeddedPostgres(empty_home / "postgres", durable=False).start()


def test_a_port_that_was_half_written_is_chosen_again(home: Path) -> None:
    (home / "postgres/port").write_text("")
    with EmbeddedPostgres(home / "postgres", durable=False) as server:
        assert f"127.0.0.1:{(home / 'postgres/port').read_text()}/" in server.url


def test_no_room_is_a_sentence_and_nothing_half_made_stays(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binaries = postgres_binaries.find_binaries()
    limited = replace(binaries, prefix=("prlimit", "--fsize=1000000", *binaries.prefix))
    monkeypatch.setattr(postgres, "find_binaries", lambda: limited)
    with pytest.raises(postgres_binaries.EmbeddedPostgresError, match=r"^PostgreSQL finds no room .*\.$"):
        EmbeddedPostgres(empty_home / "postgres", durable=False).start()
    assert not (empty_home / "postgres/data.new").exists()
