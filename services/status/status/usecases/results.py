"""Results by the page. Result files are read in the sandbox: what is in them came from somebody's query."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from queryflow.domain.errors import Conflict, Invalid, NotFound, TryAgain
from queryflow.domain.states import GOOD_NODE_STATES, ErrorKind
from queryflow.sandbox.job import INPUTS, Answer, Job, JobFailed, Query
from status.repository.nodes import NodeRecord, find_node
from status.shown import ShownColumn, shown_columns, shown_value
from status.status import Status
from status.usecases.reading import read_execution

FILE = "result.parquet"


@dataclass(frozen=True, slots=True)
class PageWish:
    """Which rows of a result are asked for."""

    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Rows of a result, as JSON values, in the order in which the query gave them."""

    columns: Sequence[ShownColumn]
    rows: Sequence[Sequence[Any]]
    total: int


async def read_result(status: Status, execution: UUID, node_id: str, wish: PageWish) -> ResultPage:
    """A page of the node's result.

    NotFound where there is no such node, or where it ended without a result; Conflict while it has not ended; TryAgain
    where the result could not be read in time; Invalid where the page's values are too large for one answer.
    """
    node = await _find(status, execution, node_id)
    answer = await _read(status, _key_of(node), wish)
    rows = [[shown_value(value) for value in row] for row in answer.rows]
    return ResultPage(shown_columns(answer.columns, answer.rows), rows, node.rows or 0)


async def _find(status: Status, execution: UUID, node_id: str) -> NodeRecord:
    async with status.engine.connect() as connection:
        found = await find_node(connection, execution, node_id)
        if found is not None:
            return found
        detail = await read_execution(connection, execution)
    for node in detail.nodes:
        if node.record.node_id == node_id:
            return node.record
    raise NotFound(f"The execution has no node {node_id}.", code="NODE_NOT_FOUND")


def _key_of(node: NodeRecord) -> str:
    if not node.state.final:
        raise Conflict(f"Node {node.node_id} is {node.state}: it has no result yet.", code="NOT_FINISHED")
    if node.state not in GOOD_NODE_STATES or node.result_key is None:
        raise NotFound(f"Node {node.node_id} is {node.state} and has no result.", code="NO_RESULT")
    return node.result_key


async def _read(status: Status, key: str, wish: PageWish) -> Answer:
    page = f"SELECT * FROM '{INPUTS}/{FILE}' LIMIT {wish.limit} OFFSET {wish.offset}"  # noqa: S608 - two integers
    query = Query(page, rows=wish.limit)
    with tempfile.TemporaryDirectory(prefix="page-", dir=status.sandbox.settings.folder) as folder:
        file = await _fetch(status, key, Path(folder))
        job = Job((query,), Path(folder), status.settings.page_deadline, inputs={FILE: file})
        try:
            (answer,) = await status.sandbox.run(job)
        except JobFailed as failure:
            if failure.kind is ErrorKind.REJECTED:
                message = "The rows of this page are too large together; ask for fewer with `limit`."
                raise Invalid(message, code="PAGE_TOO_LARGE") from failure
            raise TryAgain(f"The result could not be read: {failure.message}") from failure
    return answer


async def _fetch(status: Status, key: str, folder: Path) -> Path:
    try:
        return await status.objects.fetch(key, folder / FILE)
    except NotFound:
        raise NotFound("The result was removed from the object store.", code="RESULT_REMOVED") from None
