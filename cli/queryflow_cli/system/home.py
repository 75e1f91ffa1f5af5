"""The home directory of an installation: who runs in it, and how another command finds the one that runs."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from queryflow.domain.errors import Conflict, Refused

RUNNING = "running.json"
LOCK = "owner.lock"
_HARMLESS = {"lost+found", "sandbox", "attempts", "status", "objects"}
"""What is in the folder of an empty disk, and what services leave that were started alone."""
LOG = Path("logs", "queryflow.log")
"""Where in the home the parts of an embedded system write what they do."""


@dataclass(frozen=True, slots=True)
class RunningSystem:
    """What a running system says of itself in its home: where it listens, and which database it uses."""

    url: str
    database_url: str
    pid: int


def home_directory(request: Path | None) -> Path:
    """The home: as given, else QUERYFLOW_HOME, else ~/.queryflow."""
    if request is not None:
        return request.expanduser().absolute()
    named = os.environ.get("QUERYFLOW_HOME")
    return Path(named).expanduser().absolute() if named else Path.home() / ".queryflow"


@contextmanager
def owned(home: Path) -> Iterator[None]:
    """Own the home while the block runs, for this process alone.

    Conflict says who has it; Refused says why it cannot be a home.
    """
    with _open_lock(home) as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            running = _read(home)
            where = f" at {running.url} (process {running.pid})" if running else ""
            message = f"QueryFlow already runs in {home}{where}; stop it, or name another home with --home."
            raise Conflict(message, code="HOME_IN_USE") from error
        try:
            yield
        finally:
            (home / RUNNING).unlink(missing_ok=True)


def _open_lock(home: Path) -> IO[bytes]:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not may_be_a_home(home):
            message = f"{home} holds something else; name an empty folder, or one that is not there yet, with --home."
            raise Refused(message, code="HOME_NOT_EMPTY")
        home.chmod(0o700)
        return (home / LOCK).open("ab")
    except OSError as error:
        message = f"{home} cannot be a home: {error.strerror}. Name a folder of yours with --home or QUERYFLOW_HOME."
        raise Refused(message, code="HOME_NOT_USABLE") from error


def may_be_a_home(home: Path) -> bool:
    """Whether the folder is a home already, or has nothing else in it: others may need to get into that."""
    return (home / LOCK).exists() or {entry.name for entry in home.iterdir()} <= _HARMLESS


@contextmanager
def throw_away_home() -> Iterator[Path]:
    """A fresh home that is gone after the block."""
    home = Path(tempfile.mkdtemp(prefix="queryflow-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def announce(home: Path, running: RunningSystem) -> None:
    """Tell other commands where the system runs; the file holds a password, so only its owner may read it."""
    fresh = home / f"{RUNNING}.new"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(running), file)
    fresh.replace(home / RUNNING)


def running_in(home: Path) -> RunningSystem | None:
    """The system that runs in the home now; None if nothing does, whatever an earlier one left behind."""
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError), (home / LOCK).open("r+b") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return _read(home)
    return None


def _read(home: Path) -> RunningSystem | None:
    with suppress(FileNotFoundError, ValueError, TypeError):
        return RunningSystem(**json.loads((home / RUNNING).read_text(encoding="utf-8")))
    return None
