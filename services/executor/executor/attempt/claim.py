"""Claim attempts that are ready, and begin to run them."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import asyncpg

from executor.advance.finish import place_of
from executor.attempt.supervise import begin
from executor.model import facts
from executor.model.attempt import Attempt
from executor.process.executor import Executor
from executor.process.room import fitting
from executor.process.unit_of_work import UnitOfWork
from executor.repository import nodes, slots
from queryflow.domain.states import WaitReason
from queryflow.messages.node import NodeReady
from queryflow.process.failpoints import failpoint


async def claim(executor: Executor, events: Sequence[NodeReady]) -> None:
    """Claim what is ready and begin to run it; what finds no room here, or no place at its engine, waits in its row."""
    before = time.monotonic()
    attempts = await executor.transactions.commit(lambda unit: _claim(unit, executor, events))
    failpoint("executor.after_claim")
    deadline = before + executor.settings.lease_seconds
    for attempt in attempts:
        begin(executor, attempt, deadline)


async def _claim(unit: UnitOfWork, executor: Executor, events: Sequence[NodeReady]) -> list[Attempt]:
    fit, beyond = fitting(executor.held_attempts.rooms, events)
    await _set_aside(unit, beyond)
    if not fit:
        return []
    settings = executor.settings
    lease = timedelta(seconds=settings.lease_seconds)
    rows = await nodes.claim(unit.connection, fit, owner=settings.instance, lease=lease)
    placed = await _take_places(unit, rows)
    for row in rows:
        unit.now = row["now"]
        if placed.get(row["id"], True):
            unit.progressed(row["execution_id"], facts.started(place_of(row)))
        else:
            unit.progressed(row["execution_id"], facts.waiting(place_of(row), WaitReason.NO_SLOT))
    return [replace(Attempt.of(row), holds_place=row["id"] in placed) for row in rows if placed.get(row["id"], True)]


async def _set_aside(unit: UnitOfWork, events: Sequence[NodeReady]) -> None:
    if not events:
        return
    for row in await nodes.set_aside(unit.connection, events):
        unit.now = row["now"]
        unit.progressed(row["execution_id"], facts.waiting(place_of(row), WaitReason.NO_SLOT))


async def _take_places(unit: UnitOfWork, rows: Sequence[asyncpg.Record]) -> Mapping[UUID, bool]:
    """For the nodes of engine connections with a limit, whether they got a place; those without one wait again."""
    names = {row["engine_connection"] for row in rows}
    known = await slots.connections(unit.connection, sorted(names)) if names else {}
    limits = {name: each.slots for name, each in known.items() if each.slots is not None}
    if not limits:
        return {}
    await slots.ensure(unit.connection, limits)
    placed: dict[UUID, bool] = {}
    for name, limit in sorted(limits.items()):
        wanting = [row["id"] for row in rows if row["engine_connection"] == name]
        having = await slots.take(unit.connection, name, limit, wanting)
        placed.update({row: row in having for row in wanting})
    await _send_back(unit, (row for row, has in placed.items() if not has))
    return placed


async def _send_back(unit: UnitOfWork, rows: Iterable[UUID]) -> None:
    if waiting := list(rows):
        await slots.send_back(unit.connection, waiting)
