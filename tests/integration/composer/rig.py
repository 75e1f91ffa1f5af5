"""The composer under test: its HTTP app, its handlers, and what it said and stored."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
from fastapi import FastAPI

from composer.app import open_service
from composer.connections.setup import EngineConnectionDefinition, put_engine_connection
from composer.process.composer import Composer
from composer.process.settings import ComposerSettings
from queryflow.access.actor import LOCAL
from queryflow.bus.port import AnyHandler, DeadLetters, Envelope
from queryflow.db.pool import open_engine
from tests.support.declared import only_declared

AS_OF = date(2026, 11, 20)
TEMPLATE: dict[str, Any] = {
    "queryflow": 1,
    "kind": "template",
    "template_id": "top_things",
    "name": "Top things",
    "dialect": "duckdb",
    "sql": "SELECT name, amount FROM things WHERE amount >= {{least}}",
    "parameters": {"least": {"type": "integer", "default": 1}},
    "outputs": {"name": {"type": "VARCHAR"}, "amount": {"type": "BIGINT"}},
}
DETAIL: dict[str, Any] = {
    "queryflow": 1,
    "kind": "template",
    "template_id": "things_named",
    "name": "Things by name",
    "dialect": "duckdb",
    "sql": "SELECT name FROM things WHERE name IN ({{names}})",
    "parameters": {"names": {"type": "string_list"}},
    "outputs": {"name": {"type": "VARCHAR"}},
}


EMPTY = """
    DELETE FROM query_flow_executions;
    DELETE FROM execution_requests;
    DELETE FROM workflow_schedules;
    DELETE FROM workflows;
    DELETE FROM learnt_versions;
    DELETE FROM composition_versions;
    DELETE FROM template_flow_compositions;
    DELETE FROM template_versions;
    DELETE FROM query_flow_templates;
    DELETE FROM composer_outbox;
    DELETE FROM engine_connections WHERE name NOT IN ('sample', 'echo');
    UPDATE engine_connections SET is_active = true;
"""


@dataclass
class KeptMessages:
    """A bus that keeps what it is handed; the rows of the outbox are what counts."""

    sent: list[Envelope] = field(default_factory=list)
    healthy: bool = True

    def subscribe(self, handlers: Sequence[AnyHandler], service: object, dead_letters: DeadLetters) -> None:
        self.service = service

    def send(self, envelopes: Sequence[Envelope]) -> Sequence["asyncio.Future[None]"]:
        self.sent.extend(envelopes)
        return [asyncio.get_running_loop().create_future() for _ in envelopes]


@dataclass
class Rig:
    client: httpx2.AsyncClient
    composer: Composer
    connection: asyncpg.Connection
    bus: KeptMessages
    app: FastAPI

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        return await self.client.post(path, json=body, headers=headers)

    async def saved(self, path: str, body: Any) -> dict[str, Any]:
        answer = await self.post(path, body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def count(self, table: str) -> int:
        found: int = await self.connection.fetchval(f"SELECT count(*) FROM {table}")
        return found

    async def empty(self) -> None:
        """Forget what earlier tests stored and said."""
        await self.connection.execute(EMPTY)
        self.bus.sent.clear()

    def said(self, kind: str) -> list[Envelope]:
        return [envelope for envelope in self.bus.sent if envelope.type == kind]


@asynccontextmanager
async def open_rig(database: str, root: Path | None = None) -> AsyncIterator[Rig]:
    bus = KeptMessages()
    settings = ComposerSettings(database_url=database, data_roots=str(root or ""))
    connection = await asyncpg.connect(database)
    await _connect_engines(database)
    async with open_service(settings, bus) as service:  # type: ignore[arg-type] # it keeps messages and starts nothing
        transport = httpx2.ASGITransport(service.app)
        hooks = {"response": [only_declared(service.app)]}
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", event_hooks=hooks) as client:
            yield Rig(client, service.app.state.composer, connection, bus, service.app)
    await connection.close()


async def _connect_engines(database: str) -> None:
    engine = open_engine(database, role=None)
    async with engine.begin() as connection:
        sample = EngineConnectionDefinition(name="sample", engine="duckdb", as_of=AS_OF)
        await put_engine_connection(connection, sample, LOCAL)
    await engine.dispose()


def flow(composition_id: str = "comp_things", **changes: Any) -> dict[str, Any]:
    """A flow of two nodes that runs on `sample`."""
    return {
        "queryflow": 1,
        "kind": "composition",
        "composition_id": composition_id,
        "name": "Things",
        "connection": "sample",
        "window": {"range": "last_30_days", "settle_days": 14, "time_zone": "Europe/Berlin"},
        "parameters": {"least": {"type": "integer", "default": 2}},
        "nodes": {
            "top": {"template": "top_things", "parameters": {"least": {"flow": "least"}}},
            "detail": {"template": "things_named"},
        },
        "connections": [{"id": "names", "from": "top", "to": "detail", "map": {"names": "name"}}],
        **changes,
    }


async def with_templates(rig: Rig) -> None:
    """Save the two templates that `flow` uses."""
    for document in (TEMPLATE, DETAIL):
        await rig.saved("/api/templates", document)
