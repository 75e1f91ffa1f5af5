"""Well-formed bodies with values no listener can use: whatever dies of them does so with a code that says why."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import composer.app
import executor.app
import scheduler.app
import status.app
from composer.process.settings import ComposerSettings
from executor.process.settings import ExecutorSettings
from queryflow.bus.answering import Delivery, Subscription
from queryflow.bus.local import LocalBus
from queryflow.bus.port import AnyHandler, DeadLetters
from queryflow.bus.topology import work_queues
from queryflow.db.pool import Pool, open_pool
from scheduler.process.settings import SchedulerSettings
from status.process.settings import StatusSettings

GOLDEN = Path(__file__).parents[2] / "contract" / "golden"
SERVICES = (
    (composer.app.open_service, ComposerSettings),
    (executor.app.open_service, ExecutorSettings),
    (scheduler.app.open_service, SchedulerSettings),
    (status.app.open_service, StatusSettings),
)
HOSTILE: tuple[Any, ...] = (
    "a\0b", "\ud800", "x" * 60_000, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    2**31, 2**63, -(10**30), float("nan"), float("inf"), -1, {"a\0": 1}, [[]], None,
)  # fmt: skip


class Listeners(LocalBus):
    """A bus that delivers nothing, and remembers who would be asked."""

    def __init__(self) -> None:
        super().__init__()
        self.subscriptions: dict[str, Subscription] = {}

    def subscribe(self, handlers: Sequence[AnyHandler], service: object, dead_letters: DeadLetters) -> None:
        super().subscribe(handlers, service, dead_letters)
        self.subscriptions |= {handler.queue: Subscription(handler, service, dead_letters) for handler in handlers}


@pytest.fixture(scope="module")
async def listeners(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Listeners]:
    """Every service as it listens."""
    bus = Listeners()
    async with AsyncExitStack() as stack:
        for open_service, settings in SERVICES:
            home = tmp_path_factory.mktemp("home")
            await stack.enter_async_context(open_service(settings(database_url=module_database, home=home), bus))  # type: ignore[arg-type] # each goes with its own
        yield bus


@pytest.fixture(scope="module")
async def pool(module_database: str) -> AsyncIterator[Pool]:
    async with await open_pool(module_database, role=None) as pool:
        yield pool


def spoiled(value: Any) -> Iterator[Any]:
    """The value with one hostile value in the place of each that it holds, one after the other."""
    yield from HOSTILE
    if isinstance(value, dict):
        for key, item in value.items():
            yield from ({**value, key: other} for other in spoiled(item))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from ([*value[:place], other, *value[place + 1 :]] for other in spoiled(item))


@pytest.mark.parametrize("queue", sorted(work_queues()))
async def test_no_value_is_a_bug(listeners: Listeners, pool: Pool, queue: str) -> None:
    event = work_queues()[queue].event
    golden = json.loads((GOLDEN / f"{event.type}.json").read_text())
    bodies = [json.dumps(body).encode() for body in spoiled(golden)]
    deliveries = [Delivery(uuid4(), event.type, body, None, 0) for body in bodies]
    await listeners.subscriptions[queue].answer(deliveries)
    table = f"{queue.partition('.')[0]}_dead_letters"
    rows = await pool.fetch(f"SELECT code, reason, body FROM {table} WHERE queue = $1 AND code = 'BUG'", queue)
    assert not rows, f"{len(rows)} of {len(bodies)}: {rows[0]['reason']}: {rows[0]['body'][:500]!r}"
