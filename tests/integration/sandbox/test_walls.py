"""The walls hold a process that was taken over, each by itself and all together."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.sandbox.as_user import VARIANTS, own_folder, run_module

ALLOWED = {"read own input", "write own output", "remove own output"}
FILES = {
    "write over input", "truncate input", "remove input", "add input", "move output to input", "read /etc/passwd",
    "list /", "list own folder", "read secret", "read sibling", "write sibling", "write beside", "write /tmp",
    "read own environment", "read environment of parent", "read memory", "shared memory", "terminal", "device",
}  # fmt: skip
CALLS = {
    "TCP", "UDP", "Unix socket", "pair of sockets", "netlink", "execve", "fork", "vfork", "kill parent", "kill all",
    "trace parent", "read memory of parent", "set user", "new user namespace", "new network", "mount", "io_uring",
    "keys", "bpf", "anonymous file", "executable memory", "change mode of input", "link input to output", "symlink",
    "change folder", "change root", "limits of parent",
}  # fmt: skip
CAPABILITIES = {"change root", "new network"}
LIMITS = {
    "thread": "RuntimeError",
    "more memory": "MemoryError",
    "larger file": "EFBIG",
    "more open files": "ValueError",
}
CLOSED = {"EACCES", "EPERM", "ENXIO", "ENOENT"}
"""Refused, or not there on this machine."""


@pytest.fixture
def home(request: pytest.FixtureRequest) -> Iterator[tuple[str, Path]]:
    above = Path(tempfile.mkdtemp(prefix="queryflow-walls-", dir="/tmp"))
    above.chmod(0o711)
    yield request.param, own_folder(request.param, above / "home")
    shutil.rmtree(above)


def probed(home: tuple[str, Path], *only: str) -> dict[str, str]:
    variant, folder = home
    found: dict[str, str] = json.loads(run_module(variant, "tests.integration.sandbox.run_probes", str(folder), *only))
    return found


@pytest.mark.parametrize("home", VARIANTS, indirect=True)
def test_behind_all_walls_only_the_own_files_are_left(home: tuple[str, Path]) -> None:
    found = probed(home)
    assert {name for name, came in found.items() if came == "done"} == ALLOWED
    assert {name: found[name] for name in LIMITS} == LIMITS
    assert {name: found[name] for name in FILES | CALLS if found[name] not in CLOSED} == {}
    assert found.keys() == ALLOWED | FILES | CALLS | LIMITS.keys()


@pytest.mark.parametrize("home", VARIANTS, indirect=True)
def test_landlock_alone_keeps_every_other_file_shut(home: tuple[str, Path]) -> None:
    found = probed(home, "Landlock", "TCP", *FILES)
    assert {name: found[name] for name in FILES if found[name] not in CLOSED} == {}
    assert found["TCP"] == "done", "else this proved the wrong wall"


@pytest.mark.parametrize("home", VARIANTS, indirect=True)
def test_seccomp_alone_refuses_every_call_that_reaches_out(home: tuple[str, Path]) -> None:
    found = probed(home, "seccomp", "read secret", *CALLS)
    assert {name: found[name] for name in CALLS if found[name] != "EPERM"} == {}
    assert found["read secret"] == "done", "else this proved the wrong wall"


@pytest.mark.parametrize("home", VARIANTS, indirect=True)
def test_no_capability_is_left_where_the_user_could_not_be_dropped(home: tuple[str, Path]) -> None:
    """Each of these calls needs a capability, which root has, and so has every user in a namespace of his own."""
    found = probed(home, "no new rights", "read secret", *CAPABILITIES)
    assert {name: found[name] for name in CAPABILITIES if found[name] != "EPERM"} == {}
    assert found["read secret"] == "done", "else this proved the wrong wall"
