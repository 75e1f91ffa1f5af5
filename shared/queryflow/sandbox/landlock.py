"""Landlock: which files a process may open at all, decided by the kernel (docs.kernel.org/userspace-api/landlock.html).

Rights are a list of what is allowed; all else that this kernel's Landlock knows is refused: other files, TCP, signals
to and abstract sockets of processes outside, and reading another process's memory or environment.
"""

import ctypes
import os
from collections.abc import Mapping
from enum import IntFlag

from queryflow.sandbox import machine


class Access(IntFlag):
    """Rights to files; the bits of LANDLOCK_ACCESS_FS_*."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    TRUNCATE = 1 << 14


READ = Access.READ_FILE | Access.READ_DIR
CHANGE = (
    READ
    | Access.WRITE_FILE
    | Access.REMOVE_DIR
    | Access.REMOVE_FILE
    | Access.MAKE_DIR
    | Access.MAKE_REG
    | Access.TRUNCATE
)

_HANDLED_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights to files that a version of Landlock knows, by the version that brought them."""
_TCP = 0b11
_SCOPES = 0b11
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """The version of Landlock this kernel has; OSError if it has none or it is switched off."""
    none = ctypes.c_void_p(None)
    return machine.syscall(
        machine.LANDLOCK_CREATE_RULESET, none, ctypes.c_size_t(0), ctypes.c_uint32(_CREATE_RULESET_VERSION)
    )


def restrict(allowed: Mapping[str, Access]) -> int:
    """Hold the calling thread, and all it will start, to these folders; returns the version of Landlock.

    Needs PR_SET_NO_NEW_PRIVS. Raises OSError where the kernel has no Landlock.
    """
    found = version()
    handled = _handled(found)
    ruleset = _create(handled, found)
    try:
        for folder, access in allowed.items():
            _allow(ruleset, folder, int(access) & handled)
        machine.syscall(machine.LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return found


def _handled(found: int) -> int:
    return max(rights for since, rights in _HANDLED_FILES.items() if since <= found)


def _create(handled: int, found: int) -> int:
    attributes = _Ruleset(handled, _TCP if found >= 4 else 0, _SCOPES if found >= 6 else 0)
    known = 24 if found >= 6 else 16 if found >= 4 else 8
    return machine.syscall(
        machine.LANDLOCK_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(known), ctypes.c_uint32(0)
    )


def _allow(ruleset: int, folder: str, access: int) -> None:
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        rule = _PathBeneath(access, descriptor)
        machine.syscall(
            machine.LANDLOCK_ADD_RULE,
            ctypes.c_int(ruleset),
            ctypes.c_int(_RULE_PATH_BENEATH),
            ctypes.byref(rule),
            ctypes.c_uint32(0),
        )
    finally:
        os.close(descriptor)
