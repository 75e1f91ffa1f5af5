"""What the kernel calls its calls on this machine, and a way to make them. No library but libc."""

import ctypes
import os
import platform
from types import MappingProxyType

_libc = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38

LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
"""The same on every machine, as every call numbered above 423."""


def syscall(number: int, *arguments: object) -> int:
    """Make a system call; OSError with the kernel's reason if it refuses."""
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        _raise("system call refused")
    return result


def prctl(option: int, value: int) -> None:
    """Set a property of this process; OSError if the kernel refuses."""
    zero = ctypes.c_ulong(0)
    if _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero) != 0:
        _raise(f"prctl({option}) refused")


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags`; OSError if the kernel refuses."""
    if _libc.unshare(ctypes.c_int(flags)) != 0:
        _raise("unshare refused")


def _raise(sentence: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"{sentence}: {os.strerror(number)}")


AUDIT_ARCHITECTURE = MappingProxyType({"x86_64": 0xC000003E, "aarch64": 0xC00000B7})
"""linux/audit.h: how seccomp names the machine a call was made for."""

# asm/unistd_64.h and asm-generic/unistd.h. Only the calls that the walls name.
_X86_64 = {
    "read": 0, "write": 1, "open": 2, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "poll": 7, "lseek": 8, "mmap": 9,
    "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "ioctl": 16,
    "pread64": 17, "pwrite64": 18, "readv": 19, "writev": 20, "access": 21, "select": 23, "sched_yield": 24,
    "mremap": 25, "madvise": 28, "dup": 32, "nanosleep": 35, "getpid": 39, "clone": 56, "exit": 60, "uname": 63,
    "fcntl": 72, "flock": 73, "fsync": 74, "fdatasync": 75, "truncate": 76, "ftruncate": 77, "getdents64": 217,
    "getcwd": 79, "rename": 82, "mkdir": 83, "rmdir": 84, "unlink": 87, "readlink": 89, "gettimeofday": 96,
    "getrlimit": 97, "getrusage": 98, "sysinfo": 99, "times": 100, "getuid": 102, "getgid": 104, "geteuid": 107,
    "getegid": 108, "getppid": 110, "sigaltstack": 131, "statfs": 137, "fstatfs": 138, "prctl": 157, "gettid": 186,
    "time": 201, "futex": 202, "sched_getaffinity": 204, "set_tid_address": 218, "fadvise64": 221,
    "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231,
    "tgkill": 234, "openat": 257, "mkdirat": 258, "newfstatat": 262, "unlinkat": 263, "renameat": 264,
    "readlinkat": 267, "faccessat": 269, "pselect6": 270, "ppoll": 271, "set_robust_list": 273, "fallocate": 285,
    "preadv": 295, "pwritev": 296, "prlimit64": 302, "getcpu": 309, "renameat2": 316, "seccomp": 317,
    "getrandom": 318, "membarrier": 324, "statx": 332, "rseq": 334, "clone3": 435, "faccessat2": 439, "capset": 126,
}  # fmt: skip
_AARCH64 = {
    "getcwd": 17, "dup": 23, "fcntl": 25, "ioctl": 29, "flock": 32, "mkdirat": 34, "unlinkat": 35, "renameat": 38,
    "statfs": 43, "fstatfs": 44, "truncate": 45, "ftruncate": 46, "fallocate": 47, "faccessat": 48, "openat": 56,
    "close": 57, "getdents64": 61, "lseek": 62, "read": 63, "write": 64, "readv": 65, "writev": 66, "pread64": 67,
    "pwrite64": 68, "preadv": 69, "pwritev": 70, "pselect6": 72, "ppoll": 73, "readlinkat": 78, "newfstatat": 79,
    "fstat": 80, "fsync": 82, "fdatasync": 83, "capset": 91, "exit": 93, "exit_group": 94, "set_tid_address": 96,
    "futex": 98, "set_robust_list": 99, "nanosleep": 101, "clock_gettime": 113, "clock_getres": 114,
    "clock_nanosleep": 115, "sched_getaffinity": 123, "sched_yield": 124, "restart_syscall": 128, "tgkill": 131,
    "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "times": 153, "uname": 160,
    "getrlimit": 163, "getrusage": 165, "prctl": 167, "getcpu": 168, "gettimeofday": 169, "getpid": 172,
    "getppid": 173, "getuid": 174, "geteuid": 175, "getgid": 176, "getegid": 177, "gettid": 178, "sysinfo": 179,
    "brk": 214, "munmap": 215, "mremap": 216, "clone": 220, "mmap": 222, "fadvise64": 223, "mprotect": 226,
    "madvise": 233, "prlimit64": 261, "renameat2": 276, "seccomp": 277, "getrandom": 278, "membarrier": 283,
    "statx": 291, "rseq": 293, "clone3": 435, "faccessat2": 439,
}  # fmt: skip
_NUMBERS = {"x86_64": _X86_64, "aarch64": _AARCH64}

MACHINE = platform.machine()


def call_numbers() -> dict[str, int]:
    """The numbers of the calls by name on this machine; empty on a machine that is not known here."""
    return _NUMBERS.get(MACHINE, {})
