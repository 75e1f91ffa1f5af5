"""What a run costs in statements and messages. Both are stable numbers; seconds are not."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from executor.repository.nodes import CLAIM, SET_ASIDE
from executor.repository.outcomes import FINISH_AT_ONCE
from queryflow.bus.port import Envelope
from tests.integration.executor.rig import Rig, flow_of, open_rig

LAUNCH = 5
"""BEGIN, lock, read the version (the first time), write everything, COMMIT."""
HOP = 4
"""BEGIN, finish and lock the children, write them and what is said, COMMIT."""
LAST_HOP = 7
"""BEGIN, finish, count the sinks, count the nodes, close, say so, COMMIT."""


class Meter:
    """Counts what the executor asks of the database and says on the bus."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.messages: Counter[str] = Counter()

    def __repr__(self) -> str:
        return "\n".join(" ".join(statement.split())[:80] for statement in self.statements)

    def read(self, record: Any) -> None:
        """Note a statement; what depends on the age of a connection does not count: types, and new plans."""
        if not any(word in record.query for word in ("jit", "typeinfo", "DISCARD")):
            self.statements.append(record.query)

    def watch_bus(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        """Note what is sent from now on."""
        send = rig.bus.send

        def counted(envelopes: Sequence[Envelope]) -> Any:
            self.messages.update(envelope.type for envelope in envelopes)
            return send(envelopes)

        monkeypatch.setattr(rig.bus, "send", counted)

    async def watch_database(self, rig: Rig) -> None:
        """Note what every connection of the pool is asked from now on."""
        pool = rig.executor.transactions.pool
        async with AsyncExitStack() as stack:
            for _ in range(pool.get_max_size()):
                connection = await stack.enter_async_context(pool.acquire())
                connection.add_query_logger(self.read)


@pytest.fixture
async def quiet(database: str, tmp_path: Path) -> AsyncIterator[Rig]:
    """An executor without its loops, which would ask for things of their own."""
    async with open_rig(database, tmp_path, listening=False) as opened:
        yield opened


async def measured(rig: Rig, edges: Sequence[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> Meter:
    """What the run of a flow of instant nodes cost."""
    meter = Meter()
    await meter.watch_database(rig)
    meter.watch_bus(rig, monkeypatch)
    execution = await rig.request(flow_of(edges, engine="echo"))
    assert await rig.ended(execution) == "succeeded"
    return meter


async def test_a_chain_takes_one_transaction_of_four_statements_a_node(
    quiet: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = 12
    edges = [(f"n{number}", f"n{number + 1}") for number in range(nodes - 1)]
    meter = await measured(quiet, edges, monkeypatch)
    assert len(meter.statements) == LAUNCH + HOP * (nodes - 1) + LAST_HOP, meter
    assert meter.messages == {
        "flow_execution.requested": 1,
        "flow_execution.started": 1,
        "node.ready": nodes,
        "execution.progressed": nodes,
        "flow_execution.finished": 1,
    }


async def test_a_fan_costs_no_more_statements_than_a_chain_of_three(
    quiet: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    width = 60
    edges = [("root", f"n{number}") for number in range(width)] + [(f"n{number}", "end") for number in range(width)]
    meter = await measured(quiet, edges, monkeypatch)
    assert len(meter.statements) == LAUNCH + HOP * 2 + LAST_HOP, meter
    assert meter.messages["node.ready"] == width + 2
    assert meter.messages["execution.progressed"] == 3


@pytest.mark.parametrize("statement", [CLAIM, SET_ASIDE, FINISH_AT_ONCE], ids=["claim", "set aside", "finish at once"])
async def test_ready_nodes_are_found_by_their_keys(quiet: Rig, statement: str) -> None:
    """By the statistics no node is ready; a wide flow makes ten thousand ready before anybody counts again."""
    for _ in range(3):
        execution = await quiet.request(flow_of([("a", f"n{number}") for number in range(100)], engine="echo"))
        assert await quiet.ended(execution) == "succeeded"
    async with quiet.executor.transactions.pool.acquire() as connection:
        await connection.execute("ANALYZE workflow_executions")
        await connection.execute(f"PREPARE found AS {statement}")
        parameters = await connection.fetchval("SELECT parameter_types::text[] FROM pg_prepared_statements "
                                               "WHERE name = 'found'")  # fmt: skip
        plan = await connection.fetch(f"EXPLAIN EXECUTE found({', '.join('NULL' for _ in parameters)})")
        await connection.execute("DEALLOCATE found")
    assert "idx_workflow_executions_ready" not in "\n".join(line[0] for line in plan)
