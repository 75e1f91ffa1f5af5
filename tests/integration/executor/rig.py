"""An executor on a real database and a local bus, with engines that do what a test tells them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import asyncpg

from executor.engines.echo.engine import EchoEngine
from executor.engines.port import Engine, Produced, Work
from executor.handlers import HANDLERS, node_handlers
from executor.opening import open_executor
from executor.process.executor import Equipment, Executor
from executor.process.settings import ExecutorSettings
from queryflow.bus.local import LocalBus
from queryflow.bus.port import AnyHandler, Handler
from queryflow.db.dead_letters import DeadLetterTable
from queryflow.db.outbox import envelope
from queryflow.domain.flow.flow import Flow
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.version import EngineConnection, Version, content_hash
from queryflow.domain.ids import ExecutionId, uuid7
from queryflow.engines.kind import Capacity, EngineKind
from queryflow.messages.event import Event
from queryflow.messages.execution import ExecutionProgressed
from queryflow.messages.flow_execution import FlowExecutionFinished, FlowExecutionRequested, FlowExecutionStarted
from queryflow.objects.folder import FolderObjects
from queryflow.sandbox.sandbox import Sandbox
from queryflow.schema.people import LOCAL_PERSON
from queryflow.sql.notation import DUCKDB_SQL
from tests.support.eventually import eventually

Behaviour = Callable[[Work], Awaitable[Produced]]
NOTHING = Produced(file=None, rows=0, columns=(), sql="SELECT 1")
ECHO, SCRIPTED = "echo", "scripted"
SCRIPTED_KIND = EngineKind(
    name=SCRIPTED,
    dialects=frozenset(Dialect),
    notation=DUCKDB_SQL,
    capacity=Capacity(places=None),
    runs="tests.integration.executor.rig:Scripted",
)
TEMPLATE = Template(template_id="noop", name="noop", dialect=Dialect.DUCKDB, sql="SELECT 1")


@dataclass
class Scripted:
    """Does what the test says for a node, and remembers every run."""

    kind: EngineKind = SCRIPTED_KIND
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    runs: list[tuple[str, int, int]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def run(self, work: Work) -> Produced:
        self.runs.append((work.node_id, work.attempt, work.fence))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            behaviour = self.behaviours.get(work.node_id)
            return NOTHING if behaviour is None else await behaviour(work)
        finally:
            self.at_once -= 1


def flow_document(edges: Iterable[tuple[str, str] | tuple[str, str, bool]], nodes: Mapping[str, Any]) -> dict[str, Any]:
    """A flow's document: nodes with their extras, edges with whether they are required."""
    return {
        "composition_id": "comp_test",
        "name": "test",
        "connection": "machine",
        "nodes": [{"node_id": node, "template": "noop", **extra} for node, extra in nodes.items()],
        "connections": [
            {"id": f"c{place}", "from": edge[0], "to": edge[1], "required": edge[2] if len(edge) > 2 else True}
            for place, edge in enumerate(edges)
        ],
    }


def flow_of(edges: Sequence[Any], engine: str = SCRIPTED, **extras: Any) -> Version:
    """A version of the graph; `extras` are more of a node's document, by node."""
    named = dict.fromkeys(node for edge in edges for node in edge[:2])
    named |= dict.fromkeys(extras)
    flow = Flow.model_validate(flow_document(edges, {node: extras.get(node, {}) for node in named}))
    return Version(
        flow=flow,
        templates={TEMPLATE.template_id: TEMPLATE},
        connections={"machine": EngineConnection(name=f"{engine}_machine", engine=engine)},
    )


@dataclass
class Rig:
    """What a test holds: the executor, its engine, the bus, a connection of the database's owner, and what was said."""

    executor: Executor
    scripted: Scripted
    bus: LocalBus
    owner: asyncpg.Connection
    said: list[Event]

    async def request(self, version: Version, *, send: bool = True, person: UUID = LOCAL_PERSON) -> ExecutionId:
        """Ask for an execution as the composer does."""
        document = version.document()
        digest = content_hash(document)
        await self.owner.execute(
            "INSERT INTO composition_versions (hash, composition_key, document)"
            " VALUES ($1, 'comp_test', $2::text::jsonb) ON CONFLICT DO NOTHING",
            digest,
            _json(document),
        )
        execution_id = ExecutionId(uuid7(datetime.now(UTC)))
        await self.owner.execute(
            "INSERT INTO query_flow_executions (id, composition_key, version, logical_date, trigger_kind, requested_by)"
            " VALUES ($1, 'comp_test', $2, $3, 'api', $4)",
            execution_id,
            digest,
            date(2026, 11, 22),
            person,
        )
        if send:
            await self.send(FlowExecutionRequested(execution_id=execution_id, composition_id="comp_test"))
        return execution_id

    async def send(self, *events: Event) -> None:
        """Say events as another service would."""
        now = datetime.now(UTC)
        for future in self.bus.send([envelope(event, now=now) for event in events]):
            future.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def cancel(self, execution_id: ExecutionId) -> None:
        """Ask for the end, in the row only."""
        await self.owner.execute(
            "UPDATE query_flow_executions SET cancel_requested_at = now(), cancel_requested_by = $2 WHERE id = $1",
            execution_id,
            LOCAL_PERSON,
        )

    async def state(self, execution_id: ExecutionId) -> str:
        """The execution's state."""
        found: str = await self.owner.fetchval("SELECT state FROM query_flow_executions WHERE id = $1", execution_id)
        return found

    async def ended(self, execution_id: ExecutionId, *, within: float = 20.0) -> str:
        """The final state, once there is one."""

        async def final() -> str | None:
            state = await self.state(execution_id)
            return None if state in {"requested", "running"} else state

        return cast(str, await eventually(final, within=within))

    async def nodes(self, execution_id: ExecutionId) -> dict[str, str]:
        """Every node's state."""
        rows = await self.owner.fetch(
            "SELECT composition_node_id, state FROM workflow_executions WHERE composition_execution_id = $1",
            execution_id,
        )
        return {row[0]: row[1] for row in rows}

    async def row(self, execution_id: ExecutionId, node: str) -> asyncpg.Record:
        """A node's row."""
        found = await self.owner.fetchrow(
            "SELECT * FROM workflow_executions WHERE composition_execution_id = $1 AND composition_node_id = $2",
            execution_id,
            node,
        )
        assert found is not None
        return found

    async def parameters(self, execution_id: ExecutionId, node: str) -> dict[str, Any]:
        """The values a node was run with."""
        found: dict[str, Any] = json.loads((await self.row(execution_id, node))["parameters"])
        return found

    async def node_is(self, execution_id: ExecutionId, node: str, state: str) -> bool:
        """Whether the node is in that state."""
        return (await self.nodes(execution_id)).get(node) == state

    async def nodes_are(self, execution_id: ExecutionId, **states: str) -> bool:
        """Whether these, and no other nodes, are in those states."""
        return await self.nodes(execution_id) == states

    async def lose_lease(self, node: str, attempt: int) -> None:
        """Let the lease of an attempt pass, once the attempt has come as far as its engine."""
        await eventually(lambda: (node, attempt) in [run[:2] for run in self.scripted.runs])
        await self.owner.execute(
            "UPDATE workflow_executions SET lease_until = now() - interval '1 second' WHERE state = 'running'"
        )

    def gate(self, node: str, *, only_attempt: int | None = None) -> asyncio.Event:
        """Let runs of the node wait until the event is set."""
        event = asyncio.Event()

        async def wait(work: Work) -> Produced:
            if only_attempt in {None, work.attempt}:
                await event.wait()
            return NOTHING

        self.scripted.behaviours[node] = wait
        return event

    def facts(self, execution_id: ExecutionId) -> list[Any]:
        """Every fact that was said about the execution's nodes."""
        return [
            fact
            for event in self.said
            if isinstance(event, ExecutionProgressed) and event.execution_id == execution_id
            for fact in event.facts
        ]


@asynccontextmanager
async def open_rig(
    database: str,
    folder: Path,
    *,
    shuffle: Random | None = None,
    sandbox: Sandbox | None = None,
    more: Sequence[Engine] = (),
    said: list[Event] | None = None,
    listening: bool = True,
    **settings: Any,
) -> AsyncIterator[Rig]:
    """An executor that listens, with fast loops."""
    async with AsyncExitStack() as stack:
        owner = await asyncpg.connect(database)
        stack.push_async_callback(owner.close)
        await owner.execute(
            "INSERT INTO engine_connections (name, engine)"
            " VALUES ('scripted_machine', 'scripted'), ('echo_machine', 'echo') ON CONFLICT DO NOTHING"
        )
        configured = ExecutorSettings(
            database_url=database,
            home=folder,
            **{"poll_seconds": 0.05, "sweep_seconds": 0.5, "drain_seconds": 0.5, "run_at_once": 16, **settings},
        )
        bus, scripted = LocalBus(shuffle=shuffle), Scripted()
        every: Sequence[Engine] = (EchoEngine(), scripted, *more)
        engines = {engine.kind.name: engine for engine in every}
        opened = await stack.enter_async_context(
            open_executor(
                configured,
                bus,
                Equipment(engines, FolderObjects(folder / "objects"), cast(Sandbox, sandbox)),
            )
        )
        said = [] if said is None else said
        handlers: tuple[AnyHandler, ...] = (*HANDLERS, *node_handlers(engine.kind for engine in engines.values()))
        bus.subscribe(handlers, opened.executor, DeadLetterTable("executor", opened.executor.transactions.pool))
        bus.subscribe(
            _listeners(said), SimpleNamespace(), DeadLetterTable("executor", opened.executor.transactions.pool)
        )
        await bus.start()
        loops = [asyncio.ensure_future(loop()) for loop in opened.loops if listening]
        stack.push_async_callback(_end, loops)
        stack.push_async_callback(bus.stop)
        yield Rig(opened.executor, scripted, bus, owner, said)


async def _end(loops: Sequence["asyncio.Future[None]"]) -> None:
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)


def _listeners(said: list[Event]) -> tuple[AnyHandler, ...]:
    async def listen(event: Event, _: object) -> None:
        said.append(event)

    heard: tuple[tuple[str, type[Event]], ...] = (
        ("execution.progressed", ExecutionProgressed),
        ("flow_execution.started", FlowExecutionStarted),
        ("flow_execution.finished", FlowExecutionFinished),
    )
    return tuple(Handler(queue=f"test.{key}", keys=(key,), event=event, call=listen) for key, event in heard)


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document)
