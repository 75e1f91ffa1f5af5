"""One bad thing among many harms no other, and is told."""

from collections.abc import Collection

import pytest

from executor.apart import together_or_each, try_each
from queryflow.domain.errors import TryAgain


class Worker:
    """Does what it is given, all or nothing; remembers every call, and refuses what is negative."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.done: list[int] = []

    async def work(self, items: Collection[int]) -> None:
        self.calls.append(list(items))
        if 0 in items:
            raise TryAgain("the database is away")
        if min(items) < 0:
            raise ValueError(min(items))
        self.done.extend(items)

    async def one(self, item: int) -> None:
        await self.work([item])


async def test_each_is_done_and_what_went_wrong_is_raised_together() -> None:
    worker = Worker()
    with pytest.raises(ExceptionGroup) as raised:
        await try_each([-1, 1, -2, 2], worker.one)
    assert [str(problem) for problem in raised.value.exceptions] == ["-1", "-2"]
    assert worker.done == [1, 2]


async def test_a_server_that_is_away_ends_it_at_once() -> None:
    worker = Worker()
    with pytest.raises(TryAgain):
        await try_each([1, 0, 2], worker.one)
    with pytest.raises(TryAgain):
        await together_or_each([0, 1], worker.work)
    assert worker.calls == [[1], [0], [0, 1]]


async def test_what_can_be_done_together_is() -> None:
    worker = Worker()
    await together_or_each([1, 2, 3], worker.work)
    assert worker.calls == [[1, 2, 3]]


async def test_what_cannot_is_done_one_by_one() -> None:
    worker = Worker()
    with pytest.raises(ExceptionGroup):
        await together_or_each([1, -1, 2], worker.work)
    assert worker.done == [1, 2]
    with pytest.raises(ValueError, match="-1"):
        await together_or_each([-1], worker.work)
