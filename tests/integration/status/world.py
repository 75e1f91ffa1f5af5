"""Executions as the composer and the executor write them, for tests of status."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from queryflow.db.pool import Pool
from queryflow.domain.flow.flow import Flow, Node
from queryflow.domain.flow.version import Version, content_hash
from queryflow.domain.ids import CompositionId, NodeId, TemplateId, uuid7
from queryflow.schema.people import LOCAL_PERSON

NODES = ("top", "overlap", "paths")


@dataclass(frozen=True, slots=True)
class World:
    """A database as its owner sees it."""

    pool: Pool

    async def now(self) -> datetime:
        found: datetime = await self.pool.fetchval("SELECT now()")
        return found

    async def composition(self) -> CompositionId:
        key = CompositionId(f"comp_{uuid4().hex}")
        await self.pool.execute(
            "INSERT INTO template_flow_compositions (composition_id, name, canvas_state) VALUES ($1, 'A', '{}')", key
        )
        return key

    async def version(self, composition: CompositionId) -> str:
        nodes = tuple(Node(node_id=NodeId(node), template=TemplateId(f"template_{node}")) for node in NODES)
        flow = Flow(composition_id=composition, name="A", nodes=nodes)
        document = Version(flow=flow, templates={}, connections={}).document()
        await self.pool.execute(
            "INSERT INTO composition_versions (hash, composition_key, document) VALUES ($1, $2, $3)"
            " ON CONFLICT DO NOTHING",
            content_hash(document),
            composition,
            document,
        )
        return content_hash(document)

    async def execution(
        self, composition: CompositionId | None = None, *, age: timedelta = timedelta(0), **columns: Any
    ) -> UUID:
        """An execution that was requested so long ago."""
        key = composition or await self.composition()
        requested_at = await self.now() - age
        values = {
            "id": uuid7(requested_at),
            "composition_key": key,
            "composition_id": await self.pool.fetchval(
                "SELECT id FROM template_flow_compositions WHERE composition_id = $1", key
            ),
            "version": await self.version(key),
            "logical_date": requested_at.date(),
            "window": {"start": "2026-11-01T00:00:00Z", "end": "2026-11-08T00:00:00Z", "time_zone": "UTC"},
            "trigger_kind": "api",
            "requested_by": LOCAL_PERSON,
            "requested_at": requested_at,
        }
        return await self._insert("query_flow_executions", {**values, **columns})

    async def node(self, execution: UUID, node_id: str, state: str, **columns: Any) -> UUID:
        """A row of the executor's."""
        values = {
            "composition_execution_id": execution,
            "composition_node_id": node_id,
            "state": state,
        }
        return await self._insert("workflow_executions", {**values, **columns})

    async def _insert(self, table: str, values: dict[str, Any]) -> UUID:
        names = ", ".join(f'"{name}"' for name in values)
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        query = f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING id"
        found: UUID = await self.pool.fetchval(query, *values.values())
        return found
