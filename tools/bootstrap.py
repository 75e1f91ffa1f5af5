"""Prepares an environment below `.venv` and starts the command line in it. Standard library only.

There is one environment per Python and set of packages, and it is never changed under a system that runs in it: another
Python, or newer packages, get an environment of their own. Outdated ones are removed once nobody uses them.

Everything said here goes to stderr: stdout belongs to the command. The environment is whole when its stamp says what it
was made of; anything else is made again from nothing, so an interrupted start heals itself.
"""

import ast
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = (
    "shared",
    "services/composer",
    "services/executor",
    "services/scheduler",
    "services/status",
    "cli",
)
"""The folders that hold our packages; the environment reads them where they are."""


FOR_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}
"""pip's settings and uv's words for them."""


class SetupFailed(Exception):
    """Something is missing; the message is one sentence that says what to type."""


@dataclass(frozen=True)
class Kit:
    """A set of requirements: a hashed file and the stamp that says it is installed."""

    name: str

    @property
    def requirements(self) -> Path:
        """The hashed file."""
        return ROOT / "requirements" / f"{self.name}.txt"

    def stamp(self, environment: Path) -> Path:
        """Where the environment says which content of the file it holds."""
        return environment / f"queryflow-{self.name}.stamp"


BASE = Kit("base")
TEST = Kit("test")


def main(arguments: Sequence[str]) -> None:
    """Prepare what the command needs and become it."""
    environment = environment_here()
    kits = (BASE, TEST) if arguments[:1] == ["test"] else (BASE,)
    try:
        if missing(environment, kits):
            prepare(environment, kits)
    except SetupFailed as error:
        sys.exit(f"queryflow: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"queryflow: setting up failed at `{' '.join(map(str, error.cmd))}`; what it said is above.")
    python = str(environment / "bin" / "python")
    os.execv(python, [python, "-P", "-m", "queryflow_cli", *arguments])  # noqa: S606 - we become the command


def environment_here() -> Path:
    """Where the environment of this Python and of the present packages belongs."""
    return ROOT / ".venv" / f"{python_here()}-{fingerprint(BASE)[:8]}"


def python_here() -> str:
    """A name for this very Python: two builds of one version differ."""
    identity = f"{sys.version}\0{sys.base_prefix}".encode()
    return f"{sys.version_info.major}.{sys.version_info.minor}-{hashlib.sha256(identity).hexdigest()[:8]}"


def missing(environment: Path, kits: Sequence[Kit]) -> list[Kit]:
    """The kits whose stamp in the environment does not say what their files say now."""
    return [kit for kit in kits if not _same(kit.stamp(environment), fingerprint(kit))]


def fingerprint(kit: Kit) -> str:
    """What an installed kit depends on: its file, the Python, and where the environment stands."""
    parts = (kit.requirements.read_bytes(), sys.version.encode(), sys.base_prefix.encode(), str(ROOT).encode())
    return hashlib.sha256(b"\0".join(parts + tuple(source.encode() for source in SOURCES))).hexdigest()


def prepare(environment: Path, kits: Sequence[Kit]) -> None:
    """Make the environment whole; of several who come at once, one works and the others wait for it."""
    if not os.access(ROOT, os.W_OK):
        raise SetupFailed(f"cannot write to {ROOT}: clone the repository into a folder of yours and start it there.")
    with _alone():
        wanted = missing(environment, kits)
        if BASE in wanted:
            _say("setting up its Python packages (once, less than a minute)")
            _make_environment(environment)
            wanted = list(kits)
            remove_outdated(environment)
        for kit in wanted:
            _install(environment, kit.requirements)
            kit.stamp(environment).write_text(fingerprint(kit))


def remove_outdated(environment: Path) -> None:
    """Remove what earlier packages of this Python left, unless somebody uses it; other Pythons' environments stay."""
    others = [each for each in environment.parent.glob(f"{python_here()}-*") if each != environment]
    for outdated in others:
        if not in_use(outdated):
            shutil.rmtree(outdated, ignore_errors=True)


def in_use(environment: Path) -> bool:
    """Whether a process was started in the environment; where the machine does not tell, it counts as used."""
    if not Path("/proc/self/cmdline").exists():
        return True
    name = os.fsencode(f"{environment.parent.name}/{environment.name}/")
    return any(name in _command_line(process) for process in Path("/proc").glob("[0-9]*"))


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:  # it has just ended
        return b""


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of this checkout: this very file, which is always there; it is released however we end."""
    with Path(__file__).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_environment(environment: Path) -> None:
    """An empty environment with pip, and with our packages readable in it."""
    _provide_venv()
    shutil.rmtree(environment, ignore_errors=True)
    environment.parent.mkdir(exist_ok=True)
    _run([sys.executable, "-I", "-m", "venv", str(environment)])
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = environment / "lib" / version / "site-packages"
    lines = "".join(f"{ROOT / source}\n" for source in SOURCES)
    (packages / "queryflow.pth").write_text(lines)


def _provide_venv() -> None:
    """Debian ships Python without ensurepip; root may install it, others are told what to type."""
    if _has_venv():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _say("installing python3-venv")
        apt = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "-q", "update"], ["apt-get", "-q", "install", "-y", "python3-venv"]):
            subprocess.run(command, env=apt, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if not _has_venv():
        raise SetupFailed("Python's venv is missing: type 'apt-get install -y python3-venv' as root, then start again.")


def _has_venv() -> bool:
    asked = [sys.executable, "-I", "-c", "import venv, ensurepip; ensurepip.version()"]
    return subprocess.run(asked, stderr=subprocess.DEVNULL, check=False).returncode == 0


def _install(environment: Path, requirements: Path) -> None:
    """Install a hashed file with uv; where uv cannot be had or does not reach an index, with pip."""
    python, uv = environment / "bin" / "python", environment / "bin" / "uv"
    quiet = [] if sys.stderr.isatty() else ["--quiet"]  # in a terminal the installers draw their progress
    hashed = [*quiet, "--require-hashes", "--only-binary", ":all:", "-r", str(requirements)]
    pip = [str(python), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *hashed]
    if not uv.exists():
        _succeeds([*pip[:-1], str(ROOT / "requirements" / "uv.txt")])
    as_pip = _what_pip_is_told(python)
    if uv.exists() and _succeeds([str(uv), "pip", "install", "--python", str(python), *hashed], as_pip):
        return
    _say("uv could not; trying pip, which takes a minute")
    if not _succeeds(pip):
        raise SetupFailed(
            "the packages could not be installed: connect to the network (behind a mirror, set PIP_INDEX_URL), "
            "then start again."
        )


def _what_pip_is_told(python: Path) -> dict[str, str]:
    """Mirrors and certificates from pip's configuration, which uv does not read, as uv's variables."""
    asked = [str(python), "-I", "-m", "pip", "config", "list"]
    said = subprocess.run(asked, env=_tools_environment(), capture_output=True, text=True, check=False).stdout
    settings = re.findall(r"^(?:global|user|site|install|:env:)\.([a-z-]+)=(.+)$", said, re.MULTILINE)
    return {"UV_INDEX_STRATEGY": "unsafe-best-match"} | {  # the hashes decide what is right, from any index
        FOR_UV[name]: " ".join(str(ast.literal_eval(value)).split()) for name, value in settings if name in FOR_UV
    }


def _succeeds(command: Sequence[str], told: Mapping[str, str] | None = None) -> bool:
    environment = {**(told or {}), **_tools_environment()}
    return subprocess.run(command, env=environment, stdout=sys.stderr, check=False).returncode == 0


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, env=_tools_environment(), stdout=sys.stderr, check=True)


def _tools_environment() -> dict[str, str]:
    """Ours; without caches where there is no home to keep them in."""
    home = os.environ.get("HOME", "")
    if home and os.access(home, os.W_OK):
        return dict(os.environ)
    return {**os.environ, "PIP_NO_CACHE_DIR": "1", "UV_NO_CACHE": "1"}


def _same(file: Path, content: str) -> bool:
    return file.is_file() and file.read_text() == content


def _say(sentence: str) -> None:
    print(f"queryflow: {sentence} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
