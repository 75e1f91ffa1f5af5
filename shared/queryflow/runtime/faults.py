"""Which errors of other machines, and of full disks, pass without a change of ours."""

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from queryflow.domain.errors import TryAgain
from queryflow.domain.scarcity import is_scarcity

PASSING = (
    TryAgain,
    PoolTimeout,
    ConnectionError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,  # a full disk, too many connections, no memory
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)


def passes(error: BaseException) -> bool:
    """Whether the same request may succeed in a moment: a server is away, restarting or busy, a disk is full."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and _cause_passes(error.orig))
    return isinstance(error, PASSING) or is_scarcity(error)


def _cause_passes(error: BaseException) -> bool:
    """SQLAlchemy's asyncpg adapter raises its own error and keeps asyncpg's as the cause."""
    return isinstance(error, PASSING) or isinstance(error.__cause__, PASSING)
