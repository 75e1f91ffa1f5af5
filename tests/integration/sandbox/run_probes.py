"""Walls itself in as a worker does and then tries, without DuckDB, what a worker that was taken over would try.

Prints as JSON by the name of each probe: "done" or the name of the error it met.
"""

import ctypes
import errno
import json
import mmap
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing import shared_memory
from pathlib import Path
from unittest import mock

from queryflow.sandbox import machine, walls
from queryflow.sandbox.settings import Limits

LIBC = ctypes.CDLL(None, use_errno=True)


def probes(folder: Path) -> dict[str, Callable[[], object]]:
    """What is tried, by name."""
    return {
        "read own input": lambda: Path("in/input.txt").read_text(),
        "write own output": lambda: Path("out/result").write_text("x"),
        "remove own output": lambda: Path("out/result").unlink(),
        "write over input": lambda: Path("in/input.txt").write_text("x"),
        "truncate input": lambda: os.truncate("in/input.txt", 0),
        "remove input": lambda: Path("in/input.txt").unlink(),
        "add input": lambda: Path("in/other.txt").write_text("x"),
        "change mode of input": lambda: Path("in/input.txt").chmod(0o777),
        "move output to input": lambda: Path("out/kept").rename("in/kept"),
        "link input to output": lambda: os.link("in/input.txt", "out/link"),
        "symlink": lambda: Path("out/passwd").symlink_to("/etc/passwd"),
        "read /etc/passwd": lambda: Path("/etc/passwd").read_text(),
        "list /": lambda: list(Path("/").iterdir()),
        "list own folder": lambda: list(Path().iterdir()),
        "read secret": (folder / "secret.txt").read_text,
        "read sibling": lambda: Path("../sibling/in/input.txt").read_text(),
        "write sibling": lambda: Path("../sibling/out/x").write_text("x"),
        "write beside": lambda: Path("beside").write_text("x"),
        "write /tmp": lambda: Path("/tmp/queryflow-probe").write_text("x"),
        "read own environment": Path("/proc/self/environ").read_bytes,
        "read environment of parent": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
        "read memory": lambda: Path("/proc/self/mem").open("rb"),
        "change folder": lambda: os.chdir("/"),
        "change root": lambda: os.chroot("."),
        "TCP": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "UDP": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "Unix socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        "pair of sockets": socket.socketpair,
        "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
        "execve": lambda: os.execve("/bin/true", ["true"], {}),
        "fork": os.fork,
        "vfork": lambda: subprocess.run(["/bin/true"], check=True),
        "thread": lambda: threading.Thread(target=int).start(),
        "kill parent": lambda: os.kill(os.getppid(), 0),
        "kill all": lambda: os.kill(-1, 0),
        "trace parent": lambda: _call(LIBC.ptrace, 16, os.getppid(), 0, 0),
        "read memory of parent": lambda: _raw(310 if machine.MACHINE == "x86_64" else 270),
        "set user": lambda: os.setuid(0),
        "new user namespace": lambda: machine.unshare(0x10000000),
        "new network": lambda: machine.unshare(0x40000000),
        "mount": lambda: _call(LIBC.mount, b"none", b".", b"tmpfs", 0, None),
        "io_uring": lambda: _raw(425),
        "keys": lambda: _raw(248 if machine.MACHINE == "x86_64" else 217),
        "bpf": lambda: _raw(321 if machine.MACHINE == "x86_64" else 280),
        "anonymous file": lambda: os.memfd_create("x"),
        "shared memory": lambda: shared_memory.SharedMemory(create=True, size=4096),
        "executable memory": _executable,
        "more open files": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096)),
        "limits of parent": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1)),
        "more memory": lambda: bytearray(8 << 30),
        "larger file": _large,
        "terminal": lambda: os.open("/dev/tty", os.O_RDWR),
        "device": lambda: os.open("/dev/vda", os.O_RDONLY),
    }


def _call(function: Callable[..., int], *arguments: object) -> None:
    if function(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _raw(number: int) -> None:
    zero = ctypes.c_long(0)
    machine.syscall(number, zero, zero, zero, zero, zero)


def _executable() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)


def _large() -> None:
    with Path("out/large").open("wb") as file:
        file.seek(64 << 20)
        file.write(b"x")


def tried(probe: Callable[[], object]) -> str:
    """What came of it."""
    try:
        probe()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "unknown")
    except Exception as error:  # noqa: BLE001 - the error's name is what is asked for
        return type(error).__name__
    return "done"


def main(folder: Path, only: str | None, names: list[str]) -> None:
    _prepare(folder)
    os.environ["SECRET"] = "secret"
    if only:
        _leave_out_all_but(only)
    if not only or only == "no new rights":
        walls.raise_outer_walls()  # in a user namespace of its own even a user without rights has every capability
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.chdir(folder / "worker")
        walls.raise_inner_walls(1, Limits(memory_mb=256, file_mb=8))
        walls.end_of_threads()
        chosen = {name: probe for name, probe in probes(folder).items() if not names or name in names}
        found = {name: tried(probe) for name, probe in chosen.items()}
        os.write(writing, json.dumps(found).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        print(pipe.read())


def _prepare(folder: Path) -> None:
    for name in ("worker", "sibling"):
        for part in ("in", "out"):
            (folder / name / part).mkdir(parents=True)
        (folder / name / "in" / "input.txt").write_text("input")
    (folder / "worker" / "out" / "kept").write_text("kept")
    (folder / "secret.txt").write_text("secret")
    if os.geteuid() == 0:
        os.chown(folder / "worker" / "out", walls.worker_user(1), walls.worker_user(1))


def _leave_out_all_but(only: str) -> None:
    """Prove one wall by itself; PR_SET_NO_NEW_PRIVS stays, for the kernel takes no wall of ours without it."""
    wall = {"Landlock": "_landlock", "seccomp": "seccomp.restrict", "no new rights": "_renounce"}[only]
    for name in {"_limit", "_refuse_threads", "_change_root", "_drop_user", "_landlock", "seccomp.restrict"} - {wall}:
        mock.patch(f"queryflow.sandbox.walls.{name}").start()
    if wall != "_renounce":
        promise = mock.Mock(side_effect=lambda: machine.prctl(machine.PR_SET_NO_NEW_PRIVS, 1))
        mock.patch("queryflow.sandbox.walls._renounce", promise).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None, sys.argv[3:])
