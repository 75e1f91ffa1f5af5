"""One bad thing among many harms no other, and is told."""

from collections.abc import Collection

import pytest

from queryflow.domain.errors import TryAgain
from queryflow.process.apart import each_page, together_or_each, try_each


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


async def test_pages_are_done_to_the_last_one_and_what_went_wrong_is_raised_at_the_end() -> None:
    worker, pages = Worker(), [[], [4, -4], [-3], [1, 2]]

    async def turn_page() -> list[int]:
        return pages.pop()

    with pytest.raises(ExceptionGroup) as raised:
        await each_page(turn_page, worker.work)
    assert len(raised.value.exceptions) == 2
    assert worker.done == [1, 2, 4]


async def test_pages_end_at_once_when_a_server_is_away() -> None:
    async def turn_page() -> list[int]:
        return [0]

    with pytest.raises(TryAgain):
        await each_page(turn_page, Worker().work)
