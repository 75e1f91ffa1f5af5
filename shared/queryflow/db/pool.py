"""Connections to PostgreSQL: an asyncpg pool for the hot path, a SQLAlchemy engine for everything else."""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:  # asyncpg's classes take parameters in its stubs only
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection

COMMAND_TIMEOUT_SECONDS = 60.0
JSONB_VERSION = b"\x01"
PLANS_LIVE_SECONDS = 5.0


class Plans:
    """Lets the connections of a pool plan their statements again from time to time.

    The hot path asks the same questions with other keys; planning them takes as long as answering. A plan that is kept
    forgets the keys, but it also keeps what was true when it was made: a table that was empty then may be large by now.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._made: dict[int, float] = {}
        """By the process of the server that a connection talks to, when its plans were begun."""

    async def renew(self, connection: Connection) -> None:
        """Forget the plans of a connection that is about to be used if they are old."""
        process, now = connection.get_server_pid(), self._clock()
        if now - self._made.setdefault(process, now) > PLANS_LIVE_SECONDS:
            await connection.execute("DISCARD PLANS")
            self._made[process] = now


async def open_pool(url: str, *, role: str | None, minimum: int = 1, maximum: int = 8) -> Pool:
    """A connected pool whose connections work under `role`; JSONB goes in and comes out as Python objects.

    A connection plans each statement once in a few seconds, whatever its parameters are.
    """
    return await asyncpg.create_pool(
        _scheme(url, "postgresql"),
        min_size=minimum,
        max_size=maximum,
        init=_teach_json,
        setup=Plans().renew,
        reset=_keep_session,
        command_timeout=COMMAND_TIMEOUT_SECONDS,
        server_settings=_server_settings(role) | {"plan_cache_mode": "force_generic_plan"},
    )


def open_engine(url: str, *, role: str | None, size: int = 8) -> AsyncEngine:
    """A SQLAlchemy engine whose connections work under `role`; it connects at the first use."""
    engine = create_async_engine(
        _scheme(url, "postgresql+asyncpg"),
        pool_size=size,
        max_overflow=0,
        pool_timeout=COMMAND_TIMEOUT_SECONDS,
        json_serializer=_to_json,
        hide_parameters=True,  # errors are logged and kept with dead letters, values are not
        connect_args={"command_timeout": COMMAND_TIMEOUT_SECONDS, "server_settings": _server_settings(role)},
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(dbapi_connection: Any, *_: object) -> None:
    """Let the pool open another connection for one that the server closed; asyncpg knows it without asking.

    A ping before every transaction would find out the same for a round trip each.
    """
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError


def _server_settings(role: str | None) -> dict[str, str]:
    # jit costs more than it gains on statements that take microseconds.
    settings = {"timezone": "UTC", "jit": "off", "application_name": role or "queryflow"}
    return settings | {"role": role} if role else settings


def _scheme(url: str, scheme: str) -> str:
    """The same address under the name each driver knows it by."""
    return urlunsplit(urlsplit(url)._replace(scheme=scheme))


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


async def _teach_json(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: JSONB_VERSION + _to_json(value).encode(),
        decoder=lambda raw: json.loads(raw[1:]),
    )


async def _keep_session(_: Connection) -> None:
    """Nothing: what lasts longer than a transaction is never set, so a release needs no statement of its own.

    A transaction left open is rolled back by the pool before this.
    """
