"""Results by the page. Result files are read in the sandbox: what is in them came from somebody's query."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from queryflow.access.actor import Actor
from queryflow.domain.errors import Conflict, Fix, Invalid, NotFound, Problem, TryAgain
from queryflow.domain.states import GOOD_NODE_STATES, ErrorKind
from queryflow.sandbox.jobs.job import INPUTS, Answer, Excess, Job, JobFailed, Query
from queryflow.sandbox.settings import MEGABYTE
from status.access.connections import Reader
from status.process.status import Status
from status.reading.reading import read_execution
from status.repository.nodes import NodeRecord, find_node
from status.rules.shown import ShownColumn, shown_columns, shown_value

FILE = "result.parquet"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which rows of a result are asked for."""

    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """A node of an execution."""

    execution: UUID
    node_id: str


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Rows of a result, as JSON values, in the order in which the query gave them."""

    columns: Sequence[ShownColumn]
    rows: Sequence[Sequence[Any]]
    total: int


async def read_result(status: Status, actor: Actor, address: NodeAddress, request: PageRequest) -> ResultPage:
    """A page of the node's result.

    NotFound where there is no such node, or where it ended without a result; Conflict while it has not ended; TryAgain
    where the result could not be read in time; Invalid where the page's values are too large for one answer.
    """
    async with status.reader(actor) as reader:
        node = await _find(reader, address)
    answer = await _read(status, _key_of(node), request)
    rows = [[shown_value(value) for value in row] for row in answer.rows]
    return ResultPage(shown_columns(answer.columns, answer.rows), rows, node.rows or 0)


async def _find(reader: Reader, address: NodeAddress) -> NodeRecord:
    found = await find_node(reader.connection, address.execution, address.node_id)
    if found is not None:
        return found
    detail = await read_execution(reader, address.execution)
    for node in detail.nodes:
        if node.record.node_id == address.node_id:
            return node.record
    raise NotFound(f"The execution has no node {address.node_id}.", code="NODE_NOT_FOUND")


def _key_of(node: NodeRecord) -> str:
    if not node.state.final:
        raise Conflict(f"Node {node.node_id} is {node.state}: it has no result yet.", code="NOT_FINISHED")
    if node.state not in GOOD_NODE_STATES or node.result_key is None:
        raise NotFound(f"Node {node.node_id} is {node.state} and has no result.", code="NO_RESULT")
    return node.result_key


async def _read(status: Status, key: str, request: PageRequest) -> Answer:
    with tempfile.TemporaryDirectory(prefix="page-", dir=status.sandbox.settings.folder) as folder:
        job = Job(
            (), Path(folder), status.settings.page_deadline, inputs={FILE: await _fetch(status, key, Path(folder))}
        )
        try:
            answer = await _page(status, job, request)
        except _Burst:
            raise await _less(status, job, request) from None
    if answer.excess is not None:
        raise _excessive(request, answer.excess)
    return answer


class _Burst(Exception):
    """The sandbox itself had no room for the rows."""


async def _page(status: Status, job: Job, request: PageRequest) -> Answer:
    page = f"SELECT * FROM '{INPUTS}/{FILE}' LIMIT {request.limit} OFFSET {request.offset}"  # noqa: S608 - two integers
    query = Query(page, rows=request.limit, refuse_excess=True)
    try:
        (answer,) = await status.sandbox.run(replace(job, queries=(query,)))
    except JobFailed as failure:
        if failure.kind is ErrorKind.REJECTED:
            raise _Burst from failure
        raise TryAgain(f"The result could not be read: {failure.message}") from failure
    return answer


async def _less(status: Status, job: Job, request: PageRequest) -> Invalid:
    """The refusal of rows for which even the sandbox had no room: fewer are tried, so that the limit it names fits."""
    limit = request.limit
    while limit > 1:
        limit = max(1, limit // 10)
        try:
            answer = await _page(status, job, PageRequest(limit, request.offset))
        except _Burst:
            continue
        return _too_large(request, limit) if answer.excess is None else _excessive(request, answer.excess)
    message = "The next row is too large for one answer: shorten its columns in the query, or leave some out."
    return Invalid(f"{message} offset={request.offset + 1} continues after it.", code="ROW_TOO_LARGE")


def _excessive(request: PageRequest, excess: Excess) -> Invalid:
    if excess.fitting:
        return _too_large(request, excess.fitting)
    row, column = (f"{size // MEGABYTE} MB" for size in (excess.row_bytes, excess.column_bytes))
    message = (
        f"Row {request.offset + 1} alone has {row}, {column} of it in the column {excess.column}, which no answer "
        f"holds: shorten the column in the query, or leave it out. "
        f"offset={request.offset + 1} continues after this row."
    )
    return Invalid(message, code="ROW_TOO_LARGE")


def _too_large(request: PageRequest, limit: int) -> Invalid:
    message = f"The {request.limit} rows of this page are too large together; ask with limit={limit}."
    fix = Fix(f"Ask with limit={limit}", {"limit": limit})
    return Invalid(message, [Problem("PAGE_TOO_LARGE", "limit", message, fixes=(fix,))], code="PAGE_TOO_LARGE")


async def _fetch(status: Status, key: str, folder: Path) -> Path:
    try:
        return await status.objects.fetch(key, folder / FILE)
    except NotFound:
        raise NotFound("The result was removed from the object store.", code="RESULT_REMOVED") from None
