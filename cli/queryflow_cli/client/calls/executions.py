"""Executions and their results."""

import asyncio
from collections.abc import AsyncIterator

import httpx2

from queryflow.domain.states import ExecutionState
from queryflow_cli.client.calls.asking import Asking, Document, RefusedByServer, segment

PATH = "/api/executions"
PAGE = 1000
"""How many rows of a result one answer may hold."""


class ExecutionCalls(Asking):
    """What is asked about executions."""

    async def cancel(self, execution_id: str) -> None:
        """Ask an execution to end."""
        await self._ask("POST", f"{PATH}/{segment(execution_id)}/cancel")

    async def execution(self, execution_id: str) -> Document:
        """An execution as it stands."""
        return await self._get(f"{PATH}/{segment(execution_id)}")

    async def node(self, execution_id: str, node_id: str) -> Document:
        """A node of an execution with its history and the SQL it sent."""
        return await self._get(_node(execution_id, node_id))

    async def follow(self, execution_id: str, *, every_seconds: float = 0.1) -> AsyncIterator[Document]:
        """The execution again and again, whenever it changed, until it has ended."""
        last: Document | None = None
        while True:
            execution = await self.execution(execution_id)
            if execution != last:
                yield execution
            if ExecutionState(execution["state"]).final:
                return
            last = execution
            await asyncio.sleep(every_seconds)

    async def results(self, execution_id: str, node_id: str, most: int | None = None) -> Document | None:
        """The first rows of a node's result, all of them if `most` is None; None if it has no result."""
        found = await self.result_page(execution_id, node_id, (0, min(most or PAGE, PAGE)))
        while found and len(found["rows"]) < min(found["total"], most or found["total"]):
            page = await self.result_page(execution_id, node_id, (len(found["rows"]), PAGE))
            if not page or not page["rows"]:
                break
            found["rows"] += page["rows"]
        return found

    async def result_pages(self, execution_id: str, node_id: str) -> AsyncIterator[Document]:
        """A node's result, page by page: however large, only one is held at a time; none if it has no result."""
        seen = 0
        while True:
            page = await self.result_page(execution_id, node_id, (seen, PAGE))
            if page is None:
                return
            yield page
            seen += len(page["rows"])
            if not page["rows"] or seen >= page["total"]:
                return

    async def result_page(self, execution_id: str, node_id: str, part: tuple[int, int]) -> Document | None:
        """Some rows of a node's result: how many to leave out, how many to give at most; None if it has no result.

        Rows that are too large together for one answer are given fewer at a time.
        """
        offset, limit = part
        try:
            path = f"{_node(execution_id, node_id)}/results"
            return await self._get(path, params={"limit": limit, "offset": offset})
        except RefusedByServer as refused:
            if refused.status in {httpx2.codes.NOT_FOUND, httpx2.codes.CONFLICT}:
                return None
            fitting = _fitting(refused)
            if fitting is None or fitting >= limit:
                raise
            return await self.result_page(execution_id, node_id, (offset, fitting))


def _fitting(refused: RefusedByServer) -> int | None:
    """The limit that the refusal of a page offers."""
    limits = [fix.patch.get("limit") for problem in refused.problems for fix in problem.fixes]
    return next((limit for limit in limits if isinstance(limit, int) and limit > 0), None)


def _node(execution_id: str, node_id: str) -> str:
    return f"{PATH}/{segment(execution_id)}/nodes/{segment(node_id)}"
