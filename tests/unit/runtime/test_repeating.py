"""A transaction that met another one is done again; any other problem is told at once."""

import asyncpg
import pytest
from sqlalchemy.exc import OperationalError

from queryflow.db.repeating import MOST_TRIES, repeated
from queryflow.process.transient_errors import is_collision, is_transient


def wrapped(cause: Exception) -> OperationalError:
    """The error as SQLAlchemy raises it: its own, for its adapter's, for asyncpg's."""
    adapted = Exception("the adapter's own")
    adapted.__cause__ = cause
    return OperationalError("SELECT 1", {}, adapted)


class Work:
    """Raises these problems in turn, then answers."""

    def __init__(self, *problems: Exception) -> None:
        self.problems = list(problems)
        self.tries = 0

    async def __call__(self) -> str:
        self.tries += 1
        if self.problems:
            raise self.problems.pop(0)
        return "done"


async def test_what_collided_is_done_again() -> None:
    work = Work(asyncpg.DeadlockDetectedError(), wrapped(asyncpg.SerializationError()))
    assert await repeated(work, after=is_collision) == "done"
    assert work.tries == 3


async def test_what_always_collides_is_told_in_the_end() -> None:
    work = Work(*(asyncpg.DeadlockDetectedError() for _ in range(MOST_TRIES)))
    with pytest.raises(asyncpg.DeadlockDetectedError):
        await repeated(work, after=is_collision)
    assert work.tries == MOST_TRIES


@pytest.mark.parametrize("problem", [ValueError(), ConnectionResetError(), wrapped(asyncpg.UniqueViolationError())])
async def test_anything_else_is_told_at_once(problem: Exception) -> None:
    """Whether a transaction whose connection was lost was committed, nobody knows."""
    work = Work(problem)
    with pytest.raises(type(problem)):
        await repeated(work, after=is_collision)
    assert work.tries == 1


async def test_a_value_that_cannot_be_sent_does_not_pass() -> None:
    """The driver's error for it is also the one it has for a lost connection."""
    refused = asyncpg.exceptions._base.DataError("invalid input for query argument")
    assert isinstance(refused, asyncpg.InterfaceError)
    assert not is_transient(refused)
    assert not is_transient(wrapped(refused))
    assert is_transient(wrapped(asyncpg.InterfaceError("the connection is closed")))
