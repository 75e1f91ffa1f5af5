"""What a bus means, whichever it is. Every test here runs on RabbitMQ and on the local bus."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from queryflow.bus.port import AnyHandler, BatchHandler, Handler, Unroutable
from queryflow.domain.errors import Invalid, Problem, Refused, TryAgain
from tests.integration.bus.conftest import Poked, Site
from tests.support.eventually import eventually


class Listener:
    """A service that remembers what it heard, and answers as a test tells it to."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.heard_at: list[float] = []
        self.answered: list[int] = []
        self.batches: list[list[int]] = []
        self.answers: dict[int, list[Exception]] = {}
        self.at_once = 0
        self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def hear(self, event: Poked) -> None:
        self.heard.append(event.number)
        self.heard_at.append(time.monotonic())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
        finally:
            self.at_once -= 1
        if waiting := self.answers.get(event.number):
            raise waiting.pop(0)
        self.answered.append(event.number)


async def on_poked(event: Poked, listener: Listener) -> None:
    await listener.hear(event)


async def on_batch(events: Sequence[Poked], listener: Listener) -> None:
    listener.batches.append([event.number for event in events])
    for event in events:
        await listener.hear(event)


def single(queue: str = "test.first", width: int = 8) -> Handler:
    return Handler(queue=queue, keys=(Poked.type,), event=Poked, call=on_poked, width=width)


def batched(queue: str = "test.first", most: int = 200) -> BatchHandler:
    return BatchHandler(queue=queue, keys=(Poked.type,), event=Poked, call=on_batch, most=most)


async def _all_dead(site: Site, count: int) -> bool:
    return len(await site.dead()) == count


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.mark.parametrize("handler", [single(), batched()], ids=["single", "batch"])
async def test_a_message_is_done_when_its_handler_returns(site: Site, listener: Listener, handler: AnyHandler) -> None:
    """And no sooner: what was not answered comes back, what was answered does not."""
    bus = await site.started(handler, service=listener, drain_seconds=0.1)
    outbox = site.outbox(bus)
    site.run(outbox)
    outbox.hand_over(await site.commit(outbox, 1))
    await eventually(lambda: listener.answered == [1])
    listener.gate.clear()
    outbox.hand_over(await site.commit(outbox, 2))
    await eventually(lambda: listener.heard == [1, 2])
    await bus.stop()
    assert listener.answered == [1], "it was not waited for long enough to end"

    later = await site.started(handler, service=listener)
    site.run(site.outbox(later))
    listener.gate.set()
    await eventually(lambda: listener.answered == [1, 2])
    await site.say(later, 3)
    await eventually(lambda: listener.answered == [1, 2, 3])
    assert listener.heard == [1, 2, 2, 3]
    assert await site.dead() == []


async def test_every_queue_of_a_key_gets_the_message(site: Site, listener: Listener) -> None:
    bus = await site.started(single("test.first"), single("test.second"), service=listener)
    await site.say(bus, 1, 2)
    await eventually(lambda: sorted(listener.heard) == [1, 1, 2, 2])


@pytest.mark.parametrize("handler", [single(), batched()], ids=["single", "batch"])
async def test_try_again_is_delivered_again(site: Site, listener: Listener, handler: Handler) -> None:
    """Whatever is answered beside it, and after it."""
    again = [TryAgain("not now"), ConnectionRefusedError("database away")]
    listener.answers[1] = again if isinstance(handler, Handler) else [each for each in again for _ in "ab"]
    bus = await site.started(handler, service=listener)
    await site.say(bus, 1, 2, 3)
    await eventually(lambda: set(listener.answered) == {1, 2, 3})
    assert listener.answers[1] == []
    assert await site.dead() == []


@pytest.mark.parametrize("handler", [single(), batched()], ids=["single", "batch"])
async def test_another_try_waits(site: Site, listener: Listener, handler: Handler) -> None:
    site.pause = 0.3
    listener.answers[1] = [TryAgain("not now"), TryAgain("not now")]
    bus = await site.started(handler, service=listener)
    await site.say(bus, 1)
    await eventually(lambda: listener.answered == [1])
    assert listener.heard_at[-1] - listener.heard_at[0] >= site.pause


@pytest.mark.parametrize("handler", [single(), batched()], ids=["single", "batch"])
async def test_try_again_ends_as_a_dead_letter(site: Site, listener: Listener, handler: Handler) -> None:
    listener.answers[1] = [TryAgain("never now") for _ in range(100)]
    bus = await site.started(handler, service=listener)
    await site.say(bus, 1)
    (letter,) = await eventually(site.dead)
    assert (letter["code"], letter["reason"]) == ("TRIED_TOO_OFTEN", "tried 11 times: never now")
    # A batch hears each delivery twice: together with others, and then by itself.
    assert len(listener.heard) == (11 if isinstance(handler, Handler) else 22)


@pytest.mark.parametrize("handler", [single(), batched()], ids=["single", "batch"])
async def test_a_bug_is_a_dead_letter_at_once_and_holds_nobody_up(
    site: Site, listener: Listener, handler: Handler
) -> None:
    listener.answers[2] = [ZeroDivisionError("division by zero") for _ in range(2)]
    bus = await site.started(handler, service=listener)
    envelopes = await site.say(bus, 1, 2, 3)
    (letter,) = await eventually(site.dead)
    await eventually(lambda: {1, 3} <= set(listener.heard))
    assert letter["queue"] == "test.first"
    assert letter["message_id"] == envelopes[1].message_id
    assert (letter["code"], letter["reason"]) == ("BUG", "ZeroDivisionError: division by zero")


async def test_a_refusal_is_a_dead_letter_with_its_code(site: Site, listener: Listener) -> None:
    listener.answers[1] = [Refused("No such composition.", code="NO_COMPOSITION")]
    bus = await site.started(single(), service=listener)
    await site.say(bus, 1)
    (letter,) = await eventually(site.dead)
    assert (letter["code"], letter["reason"]) == ("NO_COMPOSITION", "No such composition.")
    assert listener.heard == [1]


async def test_a_refusal_with_problems_names_them_without_their_values(site: Site, listener: Listener) -> None:
    problem = Problem("TOO_LARGE", "parameters.least", "4711 is above the maximum 9.")
    listener.answers[1] = [Invalid("The flow cannot run with these values.", [problem])]
    bus = await site.started(single(), service=listener)
    await site.say(bus, 1)
    (letter,) = await eventually(site.dead)
    assert letter["reason"] == "The flow cannot run with these values. parameters.least: TOO_LARGE"


@pytest.mark.parametrize("handler", [single(), batched()], ids=["single", "batch"])
async def test_what_cannot_be_decoded_is_a_dead_letter(site: Site, listener: Listener, handler: Handler) -> None:
    bus = await site.started(handler, service=listener)
    bodies = [b"", b"\xff\xfe", b'{"number": "many"}', b"[" * 1000, Poked(number=1).body()]
    bus.send([await site.raw(body) for body in bodies])
    await eventually(lambda: listener.heard == [1])
    await eventually(lambda: _all_dead(site, 4))
    letters = await site.dead()
    assert {letter["code"] for letter in letters} == {"UNDECODABLE"}
    assert all("many" not in letter["reason"] for letter in letters), "a reason never repeats values"


async def test_a_repeat_is_delivered_again_but_dies_once(site: Site, listener: Listener) -> None:
    listener.answers[1] = [ZeroDivisionError() for _ in range(5)]
    bus = await site.started(single(), service=listener)
    message = await site.raw(Poked(number=1).body())
    for _ in range(5):
        await asyncio.gather(*bus.send([message]))
    await eventually(lambda: listener.heard == [1] * 5)
    assert len(await site.dead()) == 1


async def test_a_batch_takes_what_is_there_and_no_more_than_it_may(site: Site, listener: Listener) -> None:
    bus = await site.started(batched(most=10), service=listener)
    listener.gate.clear()
    await site.say(bus, *range(35))
    await eventually(lambda: listener.heard)
    listener.gate.set()
    await eventually(lambda: sorted(listener.heard) == list(range(35)))
    assert max(map(len, listener.batches)) <= 10
    assert len(listener.batches) < 20, "what is there is taken together"


async def test_a_handler_that_lingers_takes_together_what_comes_apart(site: Site, listener: Listener) -> None:
    bus = await site.started(replace(batched(), linger_seconds=0.5), service=listener)
    for number in range(3):
        await site.say(bus, number)
    await eventually(lambda: len(listener.heard) == 3)
    assert [sorted(batch) for batch in listener.batches] == [[0, 1, 2]]


async def test_no_more_handlers_run_at_once_than_the_width(site: Site, listener: Listener) -> None:
    bus = await site.started(single(width=3), service=listener)
    listener.gate.clear()
    await site.say(bus, *range(10))
    await eventually(lambda: listener.at_once == 3)
    listener.gate.set()
    await eventually(lambda: len(listener.heard) == 10)
    assert listener.most_at_once == 3


async def test_a_key_without_a_queue_is_loud(site: Site, listener: Listener) -> None:
    bus = await site.started(single(), service=listener)
    message = await site.raw(b"{}")
    lost = type(message)(message.message_id, "nobody.listens", "nobody.listens", b"{}", None, None, message.created_at)
    (future,) = bus.send([lost])
    with pytest.raises(Unroutable, match=r"nobody\.listens"):
        await future


async def test_stop_lets_handlers_end_and_keeps_the_rest(site: Site, listener: Listener) -> None:
    bus = await site.started(single(width=2), service=listener)
    outbox = site.outbox(bus)
    listener.gate.clear()
    outbox.hand_over(await site.commit(outbox, *range(6)))
    await eventually(lambda: listener.at_once == 2)
    stopping = asyncio.create_task(bus.stop())
    await asyncio.sleep(0.05)
    listener.gate.set()
    await stopping
    assert len(listener.answered) == 2, "what was begun was ended"
    assert len(listener.heard) == 2, "nothing new was delivered after the stop was asked for"
    await outbox.delete_confirmed()

    later = await site.started(single(), service=listener)
    site.run(site.outbox(later))
    await eventually(lambda: set(listener.heard) == set(range(6)))
    assert await site.dead() == []


async def test_a_batch_ends_before_the_bus_stops(site: Site, listener: Listener) -> None:
    bus = await site.started(batched(most=2), service=listener)
    listener.gate.clear()
    await site.say(bus, *range(6))
    await eventually(lambda: listener.at_once == 1)
    stopping = asyncio.create_task(bus.stop())
    await asyncio.sleep(0.05)
    listener.gate.set()
    await stopping
    assert len(listener.batches) == 1
    assert sorted(listener.answered) == sorted(listener.batches[0])

    later = await site.started(batched(), service=listener)
    site.run(site.outbox(later))
    await eventually(lambda: set(listener.heard) == set(range(6)))


async def test_patterns_are_refused(site: Site, listener: Listener) -> None:
    with pytest.raises(ValueError, match="whole routing keys"):
        await site.started(Handler(queue="test.first", keys=("test.#",), event=Poked, call=on_poked))


async def test_the_depth_of_a_queue_is_known(site: Site, listener: Listener) -> None:
    bus = await site.started(single(), service=listener)
    assert (await bus.queue_depths())["test.first"] == 0
    assert bus.healthy
