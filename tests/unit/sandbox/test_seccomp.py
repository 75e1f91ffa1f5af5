"""The filter's program, run by an interpreter of the few instructions it uses."""

import errno
import struct

import pytest

from queryflow.sandbox import machine, seccomp

ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
OWN = 4242
THREAD = 0x3D0F00
"""The flags of a thread that glibc starts."""

pytestmark = pytest.mark.skipif(not machine.call_numbers(), reason="no system calls are known for this machine")


def verdict(name: str, *arguments: int, architecture: int | None = None, number: int | None = None) -> int:
    """What the filter answers to the call."""
    named = machine.call_numbers()[name] if number is None else number
    own = machine.AUDIT_ARCHITECTURE[machine.MACHINE] if architecture is None else architecture
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    facts = struct.pack("=IIQ6Q", named, own, 0, *padded)
    return run(seccomp.program(OWN), facts)


def run(program: bytes, facts: bytes) -> int:
    """Classic BPF: load a word, jump on a comparison, return."""
    lines = [struct.unpack_from("=HBBI", program, at) for at in range(0, len(program), 8)]
    at = accumulator = 0
    while True:
        code, yes, no, value = lines[at]
        at += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            [accumulator] = struct.unpack_from("=I", facts, value)
            continue
        holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[code]
        at += yes if holds else no


@pytest.mark.parametrize(
    "name", ["read", "write", "openat", "futex", "munmap", "exit_group", "getrandom", "clock_gettime"]
)
def test_ordinary_work_is_allowed(name: str) -> None:
    assert verdict(name) == ALLOW


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("clone", (THREAD,), ALLOW),
        ("clone", (17,), REFUSE | errno.EPERM),
        ("clone3", (), REFUSE | errno.ENOSYS),
        ("mmap", (0, 4096, 3), ALLOW),
        ("mmap", (0, 4096, 5), REFUSE | errno.EPERM),
        ("mprotect", (0, 4096, 1), ALLOW),
        ("mprotect", (0, 4096, 7), REFUSE | errno.EPERM),
        ("prlimit64", (0,), ALLOW),
        ("prlimit64", (OWN,), ALLOW),
        ("prlimit64", (1,), REFUSE | errno.EPERM),
        ("tgkill", (OWN,), ALLOW),
        ("tgkill", (OWN + 1,), REFUSE | errno.EPERM),
        ("prctl", (15,), ALLOW),
        ("prctl", (4,), REFUSE | errno.EPERM),
        ("ioctl", (0, 0x5413), REFUSE | errno.ENOTTY),
        ("capset", (), REFUSE | errno.EPERM),
        ("seccomp", (), REFUSE | errno.EPERM),
    ],
)
def test_guarded_calls_depend_on_their_arguments(name: str, arguments: tuple[int, ...], answer: int) -> None:
    assert verdict(name, *arguments) == answer


def test_every_call_that_is_not_named_is_refused() -> None:
    named = set(machine.call_numbers().values())
    strangers = [number for number in range(600) if number not in named]
    assert {verdict("read", number=number) for number in strangers} == {REFUSE | errno.EPERM}


def test_calls_of_another_machine_kill_and_those_of_x32_are_refused() -> None:
    assert verdict("read", architecture=0x40000003) == KILL
    assert verdict("read", number=0x40000000) == REFUSE | errno.EPERM
