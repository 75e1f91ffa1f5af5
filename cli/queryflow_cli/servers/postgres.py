"""The embedded PostgreSQL: a server of our own in a folder, for laptops, demos and tests.

It listens on 127.0.0.1 only, on a port and with a password kept in the folder, and ends when its owner ends. What an
earlier owner left behind (a server still alive, a stale pid file, a half-made data directory) is mended at the start.
"""

import errno
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from queryflow.domain.resource_errors import DISK_FULL
from queryflow_cli.servers.postgres_binaries import NOBODY, EmbeddedPostgresError, PostgresBinaries, find_binaries
from queryflow_cli.servers.supervised_process import SupervisedCommand, SupervisedProcess

USER = "queryflow"
DATABASE = "queryflow"

_HERE = "/proc/self/cwd"
"""The data directory as the server names it: its working directory. So the folders above it may be closed to the
server's user, as a 0700 home is."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "150",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_THROW_AWAY = {"fsync": "off", "full_page_writes": "off"}
"""Survives the death of the server, not of the machine."""
_NO_ROOM = tuple(os.strerror(number) for number in (*DISK_FULL, errno.EFBIG))
"""What the system calls a disk, a quota or a limit that is used up."""
_LOG_LIMIT_BYTES = 10_000_000


class FolderInUse(EmbeddedPostgresError):
    """Another process runs a server in this folder."""


class EmbeddedPostgres:
    """A PostgreSQL server in `folder`; start it, use `url`, stop it. Also a context manager.

    `durable=False` turns fsync off, so that only the machine's own crash loses data: for tests and throw-away runs.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._folder = folder.absolute()
        self._data = self._folder / "data"
        self._log = self._folder / "server.log"
        self._durable = durable
        self._lock: IO[bytes] | None = None
        self._process: SupervisedProcess | None = None

    @property
    def url(self) -> str:
        """Where the server listens, with the password; known once it was started."""
        password = (self._folder / "password").read_text()
        return f"postgresql://{USER}:{password}@127.0.0.1:{self._port()}/{DATABASE}"

    @property
    def running(self) -> bool:
        """Whether the server is alive; `start` brings a dead one back at the same address."""
        return self._process is not None and self._process.running

    def start(self, *, within_seconds: float = 60.0) -> str:
        """Start the server, making its data directory the first time, and return its URL; harmless when it runs.

        Raises `FolderInUse` when another process owns the folder, `EmbeddedPostgresError` for anything else.
        """
        if self.running:
            return self.url
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._take_lock()
        try:
            self._start_server(time.monotonic() + within_seconds)
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """Stop the server (sessions are ended, nothing committed is lost) and release the folder."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()

    def _take_lock(self) -> None:
        """Own the folder. A record lock: children of ours do not inherit it, and it ends with us, however we end."""
        if self._lock is not None:
            return
        lock = (self._folder / "lock").open("ab")
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            message = f"Another process runs the database in {self._folder}: stop it, or name another home."
            raise FolderInUse(message) from error
        self._lock = lock

    def _start_server(self, deadline: float) -> None:
        binaries = find_binaries()
        _end_leftovers(self._data)
        if not self._data.exists():
            self._make_data_directory(binaries)
        self._check_version(binaries)
        self._check_owner(binaries)
        if self._log.exists() and self._log.stat().st_size > _LOG_LIMIT_BYTES:
            self._log.unlink()
        self._keep_free_port()
        logged_before = self._log.stat().st_size if self._log.exists() else 0
        wanted = _SETTINGS if self._durable else _SETTINGS | _THROW_AWAY
        settings = [word for name, value in wanted.items() for word in ("-c", f"{name}={value}")]
        arguments = binaries.command("postgres", "-D", _HERE, "-p", str(self._port()), *settings)
        self._process = SupervisedProcess(
            SupervisedCommand(arguments, "INT", self._data, self._log, _environment(), binaries.user)
        )
        self._await_ready(deadline, logged_before)

    def _await_ready(self, deadline: float, logged_before: int) -> None:
        """Wait until the server wrote `ready` into its pid file, as pg_ctl does."""
        assert self._process is not None
        while not _says_ready(self._data):
            if not self._process.running or time.monotonic() > deadline:
                raise self._failed(f"PostgreSQL did not start; its log is {self._log}", self._logged(logged_before))
            time.sleep(0.02)

    def _make_data_directory(self, binaries: PostgresBinaries) -> None:
        """Make the cluster and the database beside `data`, then rename: what is there is always whole."""
        fresh = self._folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if binaries.user is not None:
            os.chown(fresh, binaries.user, binaries.user)
        initdb = binaries.command(
            "initdb", "-D", _HERE, f"--username={USER}", "--auth=reject",
            "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        )  # fmt: skip
        single = binaries.command("postgres", "--single", "-D", _HERE, "postgres")
        try:
            _run(initdb, fresh, binaries)
            _run(single, fresh, binaries, said=self._first_statements())
        except subprocess.CalledProcessError as error:
            shutil.rmtree(fresh, ignore_errors=True)
            raise self._failed("PostgreSQL's data directory could not be made", error.stderr) from error
        (fresh / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        if self._durable:
            os.sync()
        fresh.rename(self._data)

    def _first_statements(self) -> str:
        password = self._folder / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        return f"ALTER ROLE {USER} PASSWORD '{password.read_text()}';\nCREATE DATABASE {DATABASE};\n"

    def _check_version(self, binaries: PostgresBinaries) -> None:
        written, ours = (self._data / "PG_VERSION").read_text().strip(), binaries.major
        if written != ours:
            raise EmbeddedPostgresError(
                f"The data in {self._data} was written by PostgreSQL {written} and this is PostgreSQL {ours}: "
                "name another home, or export with the older version and import here."
            )

    def _check_owner(self, binaries: PostgresBinaries) -> None:
        """The files must be the server's; root may have run it in the other of its two ways the last time."""
        wanted = os.geteuid() if binaries.user is None else binaries.user
        found = self._data.stat().st_uid
        if found == wanted:
            return
        if os.geteuid() != 0 or found not in (0, NOBODY):
            raise EmbeddedPostgresError(f"The data in {self._data} belongs to another user: name another home.")
        for path in (self._data, *self._data.rglob("*")):
            os.chown(path, wanted, wanted, follow_symlinks=False)

    def _port(self) -> int:
        """The port of this start, else of the last one; 0 where no file says it whole."""
        with suppress(FileNotFoundError, ValueError):
            return int((self._folder / "port").read_text())
        return 0

    def _keep_free_port(self) -> None:
        """Keep the port of the last time while it is free, so that the URL stays; else take another."""
        requested = self._port()
        try:
            port = _free_port(requested)
        except OSError:
            port = _free_port(0)
        if port != requested:
            fresh = self._folder / "port.new"
            fresh.write_text(str(port))
            fresh.replace(self._folder / "port")  # never half a number, whenever we are killed

    def _logged(self, before: int) -> str:
        """The last lines of what the server wrote since its log was that long."""
        with self._log.open("rb") as log:
            log.seek(before)
            return "\n".join(log.read().decode(errors="replace").splitlines()[-10:])

    def _failed(self, what: str, said: str) -> EmbeddedPostgresError:
        if any(words in said for words in _NO_ROOM):
            return EmbeddedPostgresError(
                f"PostgreSQL finds no room on the disk of {self._folder}: make room there, or name another home."
            )
        return EmbeddedPostgresError(f"{what}:\n{said.strip()}")


def _free_port(requested: int) -> int:
    """The given port of 127.0.0.1, any free one for 0. OSError if somebody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", requested))
        return int(probe.getsockname()[1])


def _environment() -> dict[str, str]:
    """Nothing of ours but where programs are: PGDATA, PGPORT and the like must not lead the server elsewhere."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}


def _run(command: list[str], folder: Path, binaries: PostgresBinaries, *, said: str = "") -> None:
    subprocess.run(
        command, cwd=folder, env=_environment(), input=said, text=True, capture_output=True, check=True,
        user=binaries.user, group=binaries.user, extra_groups=None if binaries.user is None else [],
    )  # fmt: skip


def _says_ready(data: Path) -> bool:
    """Whether line 8 of the pid file says ready."""
    with suppress(FileNotFoundError):
        lines = (data / "postmaster.pid").read_text().splitlines()
        return len(lines) >= 8 and lines[7].strip() == "ready"
    return False


def _end_leftovers(data: Path) -> None:
    """End what an earlier owner of `data` left: a live server, orphaned backends, a stale pid file.

    The caller holds the folder's lock, so whatever works in the data directory belongs to nobody.
    """
    for asked, patience_seconds in ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + patience_seconds
        for process in _processes_in(data):
            with suppress(ProcessLookupError):
                os.kill(process, asked)
        while _processes_in(data):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        else:
            break
    # Its pid may be another process's by now (containers count from 1 again), and PostgreSQL would refuse to start.
    (data / "postmaster.pid").unlink(missing_ok=True)


def _processes_in(data: Path) -> list[int]:
    """Every PostgreSQL process whose working directory is `data`: all of a server's stand there."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if (entry / "comm").read_text() == "postgres\n" and (entry / "cwd").samefile(data):
                    found.append(int(entry.name))
    return found
