"""A dead letter is kept before its message goes, in both adapters."""

import pytest

from queryflow.bus.port import AnyHandler, DeadLetter
from queryflow.db.dead_letters import DeadLetterTable
from tests.integration.bus.conftest import Site
from tests.integration.bus.test_conformance import Listener, batched, single
from tests.support.eventually import eventually


class DiskFull:
    """A place for dead letters that cannot keep the first ones."""

    def __init__(self, table: DeadLetterTable, times: int) -> None:
        self._table = table
        self._times = times
        self.refused = 0

    async def record(self, letter: DeadLetter) -> None:
        if self.refused < self._times:
            self.refused += 1
            raise ConnectionResetError
        await self._table.record(letter)


@pytest.mark.parametrize("handler", [single(), batched()], ids=["single", "batch"])
async def test_a_message_whose_dead_letter_cannot_be_kept_comes_back(site: Site, handler: AnyHandler) -> None:
    listener = Listener()
    listener.answers[1] = [ZeroDivisionError() for _ in range(20)]
    letters = DiskFull(DeadLetterTable("executor", site.pool), times=2)
    bus = site.bus()
    bus.subscribe((handler,), listener, letters)
    await bus.start()
    await site.say(bus, 1)
    (letter,) = await eventually(site.dead)
    assert (letter["code"], letters.refused) == ("BUG", 2)
    assert listener.heard.count(1) >= 3
