"""The rows of an outbox, as SQL. The name of the table comes from `queryflow.schema`, never from input."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Table

from queryflow.bus.port import Envelope
from queryflow.db.pool import Connection, Pool
from queryflow.schema import messaging

MAXIMUM_TRIES = 10
"""A message that the sweep handed over so often becomes a dead letter."""
PAGE = 1_000
COLUMNS = "id, routing_key, type, body, correlation_id, traceparent, created_at"
BEGINNING = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


class OutboxRows:
    """One service's `<service>_outbox`."""

    def __init__(self, service: str, pool: Pool) -> None:
        self._pool = pool
        table: Table = getattr(messaging, f"{service}_outbox")
        names = {"outbox": table.name, "dead_letters": f"{service}_dead_letters", "columns": COLUMNS}
        self._insert = INSERT.format_map(names)
        self._delete = DELETE.format_map(names)
        self._read = READ.format_map(names)
        self._take_old = TAKE_OLD.format_map(names)
        self._bury = BURY.format_map(names)

    async def insert(self, connection: Connection, envelopes: Sequence[Envelope]) -> None:
        """Add the messages inside the caller's transaction; ids that are there stay as they are."""
        await connection.execute(self._insert, *insert_values(envelopes))

    async def delete(self, ids: Sequence[UUID]) -> None:
        """Delete them without waiting for the disk: a deletion that a crash undoes only repeats a message."""
        await self._pool.execute(self._delete, ids)

    async def read(self, ids: Sequence[UUID]) -> list[Envelope]:
        """Those of the messages that are still there."""
        return [_envelope(row) for row in await self._pool.fetch(self._read, ids)]

    async def take_old(
        self, age: timedelta, held: Collection[UUID], after: tuple[datetime, UUID] | None
    ) -> list[Envelope]:
        """The next page of messages so old and not held, after a place in the order; their tries are raised."""
        at, identifier = after or BEGINNING
        rows = await self._pool.fetch(self._take_old, age, list(held), at, identifier, PAGE)
        return [_envelope(row) for row in rows]

    async def bury(self, held: Collection[UUID]) -> None:
        """Make dead letters of the messages that were handed over too often."""
        await self._pool.execute(self._bury, list(held), MAXIMUM_TRIES)


def insert_values(envelopes: Sequence[Envelope]) -> tuple[list[Any], ...]:
    """The messages as the columns that INSERT takes."""
    return (
        [one.message_id for one in envelopes],
        [one.routing_key for one in envelopes],
        [one.type for one in envelopes],
        [one.body for one in envelopes],
        [one.correlation_id for one in envelopes],
        [one.traceparent for one in envelopes],
        [one.created_at for one in envelopes],
    )


def _envelope(row: asyncpg.Record) -> Envelope:
    identifier, routing_key, type_, body, correlation_id, traceparent, created_at = row
    return Envelope(identifier, routing_key, type_, body, correlation_id, traceparent, created_at)


INSERT = """
    INSERT INTO {outbox} ({columns})
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::uuid[], $6::text[], $7::timestamptz[])
    ON CONFLICT (id) DO NOTHING
"""
DELETE = """
    WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    DELETE FROM {outbox} USING relaxed WHERE id = ANY($1::uuid[])
"""
READ = "SELECT {columns} FROM {outbox} WHERE id = ANY($1::uuid[])"
TAKE_OLD = """
    UPDATE {outbox} SET tries = tries + 1
    WHERE id IN (
        SELECT id FROM {outbox}
        WHERE created_at <= now() - $1::interval AND id <> ALL($2::uuid[]) AND (created_at, id) > ($3, $4)
        ORDER BY created_at, id LIMIT $5
        FOR UPDATE SKIP LOCKED
    )
    RETURNING {columns}
"""
BURY = """
    WITH given_up AS (
        DELETE FROM {outbox} WHERE tries >= $2 AND id <> ALL($1::uuid[]) RETURNING id, type, body, routing_key
    )
    INSERT INTO {dead_letters} (queue, message_id, type, body, code, reason)
    SELECT '{outbox}', id, type, body, 'UNDELIVERABLE', 'no queue took routing key ' || routing_key FROM given_up
    ON CONFLICT (queue, message_id) DO NOTHING
"""
