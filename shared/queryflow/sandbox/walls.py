"""The walls around a worker, raised one inside the other. Each is tried; what the machine lacks is reported."""

import ctypes
import os
import resource
import signal
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from queryflow.sandbox import landlock, machine, seccomp
from queryflow.sandbox.jobs.job import INPUTS, OUTPUTS
from queryflow.sandbox.settings import MEGABYTE, OPEN_FILES, Limits

_NEW_NETWORK = 0x40000000
_NEW_IPC = 0x08000000
_NEW_USER = 0x10000000

FIRST_CHILD_USER = 0x70000000
"""Workers of a root server have users of their own from here on: beyond what systemd and containers give out."""
NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Wall:
    """One of the walls, whether it stands on this machine, and what it does or why it is missing."""

    name: str
    active: bool
    why: str

    def document(self) -> dict[str, Any]:
        """The wall as JSON."""
        return asdict(self)


def raise_outer_walls() -> list[Wall]:
    """Leave the network and the shared memory of the machine, for the calling process and all its workers."""
    flags = _NEW_NETWORK | _NEW_IPC
    if os.geteuid() == 0:
        return [_tried("no network", lambda: _leave(flags), "workers have a network namespace without a network")]
    return [
        _tried("no network", lambda: _leave_as_user(flags), "workers have user and network namespaces of their own")
    ]


def raise_inner_walls(number: int, limits: Limits) -> list[Wall]:
    """Shut the calling process in; the current folder is its own. A wall may forbid what an earlier one needed."""
    user = worker_user(number)
    outer = [
        _tried("limits", lambda: _limit(limits), "address space, file size and open files are limited"),
        _tried("own root", _change_root, "the job's folder is all there is, and nothing tells where it lies"),
        _tried("own user", lambda: _drop_user(user), "workers work under a user of their own"),
    ]
    die_with_parent()
    return [
        *outer,
        _tried("no new rights", _renounce, "no capability is held and none can be gained"),
        _tried("Landlock", _landlock, "the kernel refuses every file but the job's own"),
        _tried(
            "seccomp", lambda: seccomp.restrict(os.getpid()), "the kernel refuses sockets, programs, processes, tracing"
        ),
    ]


def end_of_threads() -> Wall:
    """Have the kernel refuse every further thread and process, once the threads that a worker needs have started."""
    return _tried("no more threads", _refuse_threads, "no thread and no process can be started")


def held_by_kernel(walls: Iterable[Wall]) -> bool:
    """Whether a wall stands that the kernel itself keeps; DuckDB's settings alone are no boundary."""
    return any(wall.active for wall in walls if wall.name in {"Landlock", "seccomp"})


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends. A change of user clears it, so it comes after that."""
    machine.prctl(machine.PR_SET_PDEATHSIG, signal.SIGKILL)


def limit_seconds(seconds: int) -> None:
    """Limit this process to so many seconds of CPU; a last resort if nobody is left to kill it."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def _tried(name: str, build: Callable[[], object], what: str) -> Wall:
    try:
        build()
    except (OSError, ValueError) as error:
        return Wall(name, False, str(error))
    return Wall(name, True, what)


def _leave(flags: int) -> None:
    machine.unshare(flags)


def _leave_as_user(flags: int) -> None:
    user, group = os.geteuid(), os.getegid()
    machine.unshare(_NEW_USER | flags)
    for file, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{file}", "w") as map_:  # noqa: PTH123 - one write exactly, as the kernel demands
            map_.write(text)


def _limit(limits: Limits) -> None:
    requests = {
        resource.RLIMIT_AS: limits.address_space,
        resource.RLIMIT_FSIZE: limits.file_mb * MEGABYTE,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    for which, request in requests.items():
        _, hard = resource.getrlimit(which)
        bound = request if hard == resource.RLIM_INFINITY else min(request, hard)
        resource.setrlimit(which, (bound, bound))


def _refuse_threads() -> None:
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _change_root() -> None:
    """Needs a capability, which root has, and any user in a namespace of his own."""
    os.chroot(".")
    os.chdir("/")


def _drop_user(user: int) -> None:
    if os.geteuid() != 0:
        raise OSError(f"only root can change the user; workers run as user {os.geteuid()}")
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def worker_user(number: int) -> int:
    """The user of a worker under a root server: its own, or nobody where this namespace knows so few users."""
    own = FIRST_CHILD_USER + number % 0x0FFF0000
    with open("/proc/self/uid_map") as map_:  # noqa: PTH123 - three numbers a line; pathlib gains nothing here
        ranges = [tuple(int(part) for part in line.split()) for line in map_]
    return own if any(first <= own < first + count for first, _, count in ranges) else NOBODY


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("process", ctypes.c_int))


def _renounce() -> None:
    machine.prctl(machine.PR_SET_NO_NEW_PRIVS, 1)
    machine.prctl(machine.PR_SET_DUMPABLE, 0)
    header = _CapabilityHeader(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3
    none = (ctypes.c_uint32 * 6)()
    number = machine.call_numbers().get("capset")
    if number is None:
        raise OSError(f"the system calls of {machine.MACHINE} are not known")
    machine.syscall(number, ctypes.byref(header), ctypes.byref(none))


def _landlock() -> None:
    landlock.restrict({INPUTS: landlock.READ, OUTPUTS: landlock.CHANGE})
