"""The floor: nodes counted down in PostgreSQL and announced over RabbitMQ, in one process, with group commit.

It drains what has arrived, ends those nodes and counts their children down in one transaction, publishes the ready
ones with gathered confirms on a quorum queue, and acknowledges. No claim, lease, retry, history, status or API.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

import aiormq
import aiormq.abc
import asyncpg

from bench.shapes import Shape
from bench.workloads import Timing, Workload

MOST = 200

_TABLE = """
CREATE TEMPORARY TABLE floor_node
(execution int, node int, remaining int, children int[], done boolean DEFAULT false, PRIMARY KEY (execution, node))
"""
_FINISH = """
WITH ended AS (
    UPDATE floor_node SET done = true FROM unnest($1::int[], $2::int[]) AS wanted(execution, node)
    WHERE floor_node.execution = wanted.execution AND floor_node.node = wanted.node AND NOT floor_node.done
    RETURNING floor_node.execution, floor_node.children
), counted AS (
    SELECT execution, child, count(*) AS parents FROM ended, unnest(children) AS child GROUP BY execution, child
)
UPDATE floor_node SET remaining = remaining - counted.parents FROM counted
WHERE floor_node.execution = counted.execution AND floor_node.node = counted.child
RETURNING floor_node.execution, floor_node.node, floor_node.remaining
"""


@dataclass(slots=True)
class Floor:
    """One run of the floor program."""

    connection: asyncpg.Connection
    channel: aiormq.abc.AbstractChannel
    queue: str
    arrived: asyncio.Queue[aiormq.abc.DeliveredMessage]
    first_started: dict[int, float]
    open_nodes: int

    async def work(self) -> None:
        """Until every node has ended."""
        while self.open_nodes:
            batch = [await self.arrived.get()]
            while not self.arrived.empty() and len(batch) < MOST:
                batch.append(self.arrived.get_nowait())
            nodes = [tuple(json.loads(message.body)) for message in batch]
            for execution, _ in nodes:
                self.first_started.setdefault(execution, time.perf_counter())
            async with self.connection.transaction():
                changed = await self.connection.fetch(_FINISH, [n[0] for n in nodes], [n[1] for n in nodes])
            await self.publish([(row["execution"], row["node"]) for row in changed if row["remaining"] == 0])
            await self.channel.basic_ack(batch[-1].delivery_tag or 0, multiple=True)
            self.open_nodes -= len(nodes)

    async def publish(self, nodes: Sequence[tuple[int, int]]) -> None:
        """Announce nodes, with confirms."""
        properties = aiormq.spec.Basic.Properties(delivery_mode=2)
        await asyncio.gather(
            *(
                self.channel.basic_publish(json.dumps(node).encode(), routing_key=self.queue, properties=properties)
                for node in nodes
            )
        )


async def run_floor(database_url: str, amqp_url: str, workload: Workload) -> Timing:
    """Run the workload once."""
    connection = await asyncpg.connect(database_url)
    amqp = await aiormq.connect(amqp_url)
    channel = await amqp.channel()
    queue = f"floor-{uuid4()}"
    await channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
    try:
        await connection.execute(_TABLE)
        whole = 0.0
        starts: list[float] = []
        for turn in range(workload.runs_in_one):
            timing = await _turn(connection, channel, queue, workload, turn)
            whole += timing.whole
            starts += timing.starts
        return Timing(whole, starts)
    finally:
        await channel.queue_delete(queue)
        await amqp.close()
        await connection.close()


async def _turn(
    connection: asyncpg.Connection,
    channel: aiormq.abc.AbstractChannel,
    queue: str,
    workload: Workload,
    turn: int,
) -> Timing:
    executions = range(turn * workload.executions, (turn + 1) * workload.executions)
    await _fill(connection, workload.shape, executions)
    floor = Floor(connection, channel, queue, asyncio.Queue(), {}, workload.shape.nodes * workload.executions)
    await channel.basic_qos(prefetch_count=MOST)
    consumer = await channel.basic_consume(queue, floor.arrived.put)
    roots = [node for node, parents in enumerate(workload.shape.parents()) if parents == 0]
    begun = time.perf_counter()
    await floor.publish([(execution, root) for execution in executions for root in roots])
    await floor.work()
    ended = time.perf_counter()
    await channel.basic_cancel(str(consumer.consumer_tag))
    return Timing(ended - begun, [at - begun for at in floor.first_started.values()])


async def _fill(connection: asyncpg.Connection, shape: Shape, executions: range) -> None:
    children, parents = shape.children(), shape.parents()
    rows = [(each, node, parents[node], children[node]) for each in executions for node in range(shape.nodes)]
    await connection.executemany(
        "INSERT INTO floor_node (execution, node, remaining, children) VALUES ($1, $2, $3, $4)", rows
    )
