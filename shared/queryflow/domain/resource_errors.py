"""Which refusals of the operating system may pass: the machine lacks something now, and the request is not wrong."""

import errno

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
SHORTAGES = DISK_FULL | {errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}
"""Room on a disk, a disk that answers, open files, memory, processes."""


def is_shortage(error: BaseException) -> bool:
    """Whether the operating system refused for want of something."""
    return isinstance(error, OSError) and error.errno in SHORTAGES
