"""What is declared on the broker, whose arguments cannot be changed later."""

from typing import Any

from queryflow.bus.rabbit.topology import declare_all
from queryflow.bus.topology import work_queues

PREFIX = "here."


class Broker:
    """Remembers what was declared, in its order."""

    def __init__(self) -> None:
        self.exchanges: list[str] = []
        self.queues: dict[str, dict[str, Any]] = {}
        self.bound: set[tuple[str, str, str]] = set()

    async def exchange_declare(self, name: str, *, exchange_type: str, durable: bool, timeout: float) -> None:
        assert (exchange_type, durable) == ("topic", True)
        self.exchanges.append(name)

    async def queue_declare(self, name: str, *, durable: bool, arguments: dict[str, Any], timeout: float) -> None:
        assert durable
        dead = arguments.get("x-dead-letter-exchange")
        assert dead is None or dead in self.exchanges, "what dies before its exchange is there may be dropped"
        self.queues[name] = arguments

    async def queue_bind(self, queue: str, exchange: str, *, routing_key: str, timeout: float) -> None:
        self.bound.add((queue, exchange, routing_key))


async def test_work_queues_are_safe_and_what_dies_is_kept() -> None:
    broker = Broker()
    await declare_all(broker, PREFIX, {name: queue.keys for name, queue in work_queues().items()})  # type: ignore[arg-type] # only what declares is asked for
    dead = broker.queues.pop("here.queryflow.dead")
    assert dead["x-queue-type"] == "quorum"
    assert ("here.queryflow.dead", "here.queryflow.dead", "#") in broker.bound
    assert broker.queues == {
        PREFIX + name: {
            "x-queue-type": "quorum",
            "x-delivery-limit": 10,
            "x-dead-letter-exchange": "here.queryflow.dead",
            "x-dead-letter-routing-key": name,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
        for name in work_queues()
    }
    for name, queue in work_queues().items():
        assert {key for at, _, key in broker.bound if at == PREFIX + name} == set(queue.keys)
