"""Seccomp: which system calls a process may make (docs.kernel.org/userspace-api/seccomp_filter.html).

The filter is a list of what is allowed: files by way of Landlock, memory that is not executable, time, threads of its
own. Everything else answers EPERM: sockets, programs, processes, tracing, signals to others, mounts, keys, io_uring.
"""

import ctypes
import errno
import struct
from dataclasses import dataclass

from queryflow.sandbox import machine

_ALLOWED = frozenset(machine.call_numbers()) - {
    # allowed only with the arguments named in `_guarded`, or not at all
    "clone", "clone3", "mmap", "mprotect", "prctl", "prlimit64", "tgkill", "ioctl", "seccomp", "capset",
}  # fmt: skip

_CLONE_THREAD = 0x00010000
_PROT_EXEC = 0x4
_PR_SET_NAME = 15
_PR_SET_VMA = 0x53564D41
_X32_BIT = 0x40000000

_LOAD, _EQUALS, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_SET_MODE_FILTER = 1


def _refuse(number: int) -> int:
    return 0x00050000 | number


@dataclass(frozen=True, slots=True)
class _Guard:
    """A call that is allowed if its argument is one of `equal`, or has (`bits` with `wanted`) or lacks some bits."""

    call: str
    argument: int
    equal: tuple[int, ...] = ()
    bits: int = 0
    wanted: bool = False


def _guarded(process: int) -> tuple[_Guard, ...]:
    return (
        _Guard("clone", 0, bits=_CLONE_THREAD, wanted=True),
        _Guard("mmap", 2, bits=_PROT_EXEC),
        _Guard("mprotect", 2, bits=_PROT_EXEC),
        _Guard("prctl", 0, equal=(_PR_SET_NAME, _PR_SET_VMA)),
        _Guard("prlimit64", 0, equal=(0, process)),
        _Guard("tgkill", 0, equal=(process,)),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def restrict(process: int) -> None:
    """Hold the calling thread, and all it will start, to the allowed calls; `process` is its own id.

    Needs PR_SET_NO_NEW_PRIVS. Raises OSError where the kernel or the machine is not known to have seccomp.
    """
    if not machine.call_numbers():
        raise OSError(errno.ENOSYS, f"the system calls of {machine.MACHINE} are not known")
    code = program(process)
    filter_ = _Program(len(code) // 8, code)
    number = ctypes.c_uint(_SET_MODE_FILTER)
    machine.syscall(machine.call_numbers()["seccomp"], number, ctypes.c_uint(0), ctypes.byref(filter_))


def program(process: int) -> bytes:
    """The filter as the kernel reads it: instructions of classic BPF, eight bytes each."""
    numbers = machine.call_numbers()
    lines = [
        _line(_LOAD, _ARCHITECTURE_AT),
        _line(_EQUALS, machine.AUDIT_ARCHITECTURE[machine.MACHINE], yes=1),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER_AT),
        _line(_AT_LEAST, _X32_BIT, no=1),
        _line(_RETURN, _refuse(errno.EPERM)),
        *_call(numbers["clone3"], [_line(_RETURN, _refuse(errno.ENOSYS))]),  # glibc then uses clone, whose flags show
        *_call(numbers["ioctl"], [_line(_RETURN, _refuse(errno.ENOTTY))]),
    ]
    for guard in _guarded(process):
        lines += _call(numbers[guard.call], _judge(guard))
    for name in sorted(_ALLOWED):
        lines += _call(numbers[name], [_line(_RETURN, _ALLOW)])
    return b"".join([*lines, _line(_RETURN, _refuse(errno.EPERM))])


def _call(number: int, then: list[bytes]) -> list[bytes]:
    return [_line(_EQUALS, number, no=len(then)), *then]


def _judge(guard: _Guard) -> list[bytes]:
    """Load the lower half of the argument and answer; every way through ends in a return."""
    allow, refuse = _line(_RETURN, _ALLOW), _line(_RETURN, _refuse(errno.EPERM))
    load = _line(_LOAD, _ARGUMENTS_AT + 8 * guard.argument)
    if guard.equal:
        tests = [line for value in guard.equal for line in (_line(_EQUALS, value, no=1), allow)]
        return [load, *tests, refuse]
    verdicts = [allow, refuse] if guard.wanted else [refuse, allow]
    return [load, _line(_ANY_BIT, guard.bits, no=1), *verdicts]


def _line(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)
