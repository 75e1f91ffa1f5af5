"""What executions run, kept in memory: frozen versions by hash with their plans, and the facts of each execution.

Both never change once written, so a cache of them is never stale; it is only bounded.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar

import asyncpg

from executor.model.runnable import BadVersion, RunnableVersion, RunningExecution, load_version
from executor.repository import versions as rows
from queryflow.db.pool import Connection
from queryflow.domain.flow.windows import ResolvedWindow, resolve_window
from queryflow.domain.ids import ExecutionId

Key = TypeVar("Key")
Kept = TypeVar("Kept")
RunningExecutions = dict[ExecutionId, RunningExecution]
MOST_PLANNED_NODES = 200_000
MOST_EXECUTIONS = 50_000


class Recent(Generic[Key, Kept]):
    """The things used last, up to a total weight."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._weight = 0
        self._kept: OrderedDict[Key, tuple[Kept, int]] = OrderedDict()

    def get(self, key: Key) -> Kept | None:
        """The thing, if it is still kept."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def keep(self, key: Key, thing: Kept, weight: int = 1) -> None:
        """Keep it, and let go of what was used longest ago; the newest stays however heavy."""
        if key in self._kept:
            return
        self._kept[key] = (thing, weight)
        self._weight += weight
        while self._weight > self._most and len(self._kept) > 1:
            _, (_, gone) = self._kept.popitem(last=False)
            self._weight -= gone


class Versions:
    """The versions and executions this process knows."""

    def __init__(self) -> None:
        self._frozen: Recent[str, RunnableVersion] = Recent(MOST_PLANNED_NODES)
        self._executions: Recent[ExecutionId, RunningExecution] = Recent(MOST_EXECUTIONS)

    async def runnable(self, connection: Connection, version: str) -> RunnableVersion:
        """The version of that hash, planned; BadVersion if it cannot be run."""
        found = self._frozen.get(version)
        if found is None:
            document = await rows.document(connection, version)
            if document is None:
                raise BadVersion("The frozen version is missing.")
            found = load_version(document)
            self._frozen.keep(version, found, len(found.plan.nodes))
        return found

    def remember(self, asked: Iterable[asyncpg.Record], runnable: RunnableVersion) -> None:
        """Keep executions of the version whose rows were read on another occasion."""
        for row in asked:
            execution = _execution(row, runnable)
            self._executions.keep(execution.id, execution)

    def known(self, ids: Iterable[ExecutionId]) -> RunningExecutions:
        """Those of the executions that need not be read."""
        return {each: kept for each in ids if (kept := self._executions.get(each)) is not None}

    async def executions(
        self, connection: Connection, ids: Iterable[ExecutionId]
    ) -> dict[ExecutionId, RunningExecution]:
        """What those executions run; ids that have no row, or no version that can be run, are left out."""
        wanted = set(ids)
        found = self.known(wanted)
        missing = wanted - found.keys()
        if missing:
            for row in await rows.executions(connection, list(missing)):
                try:
                    execution = _execution(row, await self.runnable(connection, row["version"]))
                except BadVersion:
                    continue
                self._executions.keep(execution.id, execution)
                found[execution.id] = execution
        return found


def _execution(row: asyncpg.Record, runnable: RunnableVersion) -> RunningExecution:
    """The execution of the row; BadVersion if its windows cannot be read."""
    try:
        return _read(row, runnable)
    except (ValueError, OverflowError) as problem:
        raise BadVersion(f"The windows of the execution cannot be read: {problem}") from problem


def _read(row: asyncpg.Record, runnable: RunnableVersion) -> RunningExecution:
    return RunningExecution(
        id=ExecutionId(row["id"]),
        parameters=row["parameters"],
        node_parameters=row["node_parameters"],
        window=_window(row, runnable),
        node_windows={node: ResolvedWindow.model_validate(each) for node, each in (row["node_windows"] or {}).items()},
        runnable=runnable,
    )


def _window(row: asyncpg.Record, runnable: RunnableVersion) -> ResolvedWindow:
    """The window that was stored at the request; a request without one asks for the flow's own."""
    if row["window"] is not None:
        return ResolvedWindow.model_validate(row["window"])
    return resolve_window(runnable.version.flow.window, row["logical_date"])
