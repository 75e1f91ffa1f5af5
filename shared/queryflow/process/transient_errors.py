"""Which errors of other machines, and of full disks, pass without a change of ours."""

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from queryflow.domain.errors import TryAgain
from queryflow.domain.resource_errors import is_shortage

COLLISIONS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
TRANSIENT_ERRORS = (
    *COLLISIONS,
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
    asyncpg.LockNotAvailableError,
)


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed in a moment: a server is away, restarting or busy, a disk is full."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = _cause(error)
    if isinstance(cause, ValueError):  # asyncpg says of a value that cannot be sent that its interface is misused
        return False
    return isinstance(cause, TRANSIENT_ERRORS) or is_shortage(cause)


def is_collision(error: BaseException) -> bool:
    """Whether the transaction was rolled back only because of another one: done again as a whole, it goes through."""
    return isinstance(_cause(error), COLLISIONS)


def _cause(error: BaseException) -> BaseException:
    """What the driver raised; SQLAlchemy raises its own error for its adapter's, which keeps asyncpg's as the cause."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return error
    return error.orig.__cause__ or error.orig
