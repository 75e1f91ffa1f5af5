"""Puts a job's inputs into a worker's folder and takes its result files out. Done by the parent."""

import errno
import hashlib
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from queryflow.sandbox.jobs.job import INPUTS, OUTPUTS, ResultFile

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Staging:
    """Links inputs where it can; what cannot be linked (another device, unreadable to a worker) is copied once."""

    copies: Path
    most_bytes: int
    """The oldest copies go when all of them are larger than this; a linked file stays until its last link is gone."""

    def put(self, source: Path, folder: Path, name: str, *, copied: bool = False) -> None:
        """Make `source` readable as `in/<name>`, as a copy of now if asked for. OSError if nobody can read it."""
        target = folder / INPUTS / _inner(name)
        if not target.parent.is_dir():  # of ten thousand files most have one folder
            target.parent.mkdir(parents=True, exist_ok=True)
        real = source.resolve(strict=True) if source.is_symlink() else source
        facts = real.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "an input is a regular file", str(source))
        if copied:
            shutil.copyfile(real, target)
            target.chmod(0o444)
        elif not (_readable(facts) and _linked(real, target)):
            os.link(self._copy(real, facts), target)

    def _copy(self, source: Path, facts: os.stat_result) -> Path:
        copy = self.copies / f"{facts.st_dev}-{facts.st_ino}-{facts.st_size}-{facts.st_mtime_ns}"
        if not copy.exists():
            self._make_room(facts.st_size)
            draft = copy.with_name(f"{copy.name}.{os.urandom(4).hex()}")
            try:
                shutil.copyfile(source, draft)
                draft.chmod(0o444)
                draft.replace(copy)
            finally:
                draft.unlink(missing_ok=True)
        return copy

    def _make_room(self, wanted: int) -> None:
        kept = sorted(((path.stat(), path) for path in self.copies.iterdir()), key=lambda pair: pair[0].st_mtime_ns)
        held = sum(facts.st_size for facts, _ in kept)
        for facts, path in kept:
            if held + wanted <= self.most_bytes:
                return
            path.unlink(missing_ok=True)
            held -= facts.st_size


def take(folder: Path, number: int, target: Path) -> ResultFile:
    """Move the result file of a query out, owned and measured by us. OSError if there is none.

    The worker must have ended. A worker is not believed: what it left must be one regular file with one name.
    """
    source = folder / OUTPUTS / f"{number}.parquet"
    facts = source.lstat()
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
        raise OSError(errno.EINVAL, "a result is one regular file")
    if os.geteuid() == 0:
        os.chown(source, 0, os.getegid(), follow_symlinks=False)
    source.chmod(0o644)
    shutil.move(source, target)
    return ResultFile(target, facts.st_size, _sha256(target))


def used_bytes(folder: Path) -> int:
    """How much a worker has written; files that vanish meanwhile count nothing."""
    total = 0
    for place, _, names in os.walk(folder / OUTPUTS):
        for name in names:
            try:
                total += os.lstat(f"{place}/{name}").st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def _inner(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"the name of an input stays inside its folder: {name!r}")
    return path


def _readable(facts: os.stat_result) -> bool:
    """Whether a worker can open the file once it is linked: a root server's workers are strangers to every file."""
    return os.geteuid() != 0 or bool(facts.st_mode & stat.S_IROTH)


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP}:
            return False
        raise
    return True


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
