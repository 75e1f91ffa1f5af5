"""What only the bus inside a process promises: an outbox row goes when every queue has answered, and no sooner."""

import asyncio
from dataclasses import replace

import pytest

from tests.integration.bus.conftest import Site
from tests.integration.bus.test_conformance import Listener, on_poked, single
from tests.support.eventually import eventually

pytestmark = pytest.mark.parametrize("site", ["local"], indirect=True)


async def test_a_row_stays_until_the_last_queue_has_answered(site: Site) -> None:
    quick, slow = Listener(), Listener()
    slow.gate.clear()

    async def hear_slowly(event: object, _: object) -> None:
        await on_poked(event, slow)  # type: ignore[arg-type] # the queue's event

    bus = await site.started(single("test.first"), replace(single("test.second"), call=hear_slowly), service=quick)
    outbox = site.outbox(bus)
    outbox.hand_over(await site.commit(outbox, 1))
    await eventually(lambda: quick.answered == [1] and slow.heard == [1])
    await asyncio.sleep(0)
    await outbox.delete_confirmed()
    assert await site.rows() == 1
    slow.gate.set()
    await eventually(lambda: slow.answered == [1])
    await asyncio.sleep(0)
    await outbox.delete_confirmed()
    assert await site.rows() == 0
