"""Results over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel

from queryflow.domain.errors import NotAvailable
from queryflow.http.actor import CurrentActor
from queryflow.http.app import new_router
from queryflow.http.refusals import refusals
from status.results.usecases import NodeAddress, PageRequest, read_result
from status.web.dependencies import CurrentStatus

router = new_router("/api/executions", "results")

MOST_ROWS = 1_000
LARGEST_OFFSET = 2**53 - 1


class ColumnAnswer(BaseModel):
    """A column: its name, the engine's word for its type, and whether a value here was NaN or infinite (it is null)."""

    name: str
    type: str
    non_finite: bool


class ResultAnswer(BaseModel):
    """Some rows of a result; integers beyond ±(2^53 - 1) and decimals are strings."""

    columns: list[ColumnAnswer]
    rows: list[list[Any]]
    total: int
    limit: int
    offset: int


async def _read_request(
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 100,
    offset: Annotated[int, Query(ge=0, le=LARGEST_OFFSET)] = 0,
    sort: Annotated[str | None, Query(description="Not available yet")] = None,
    filter_: Annotated[str | None, Query(alias="filter", description="Not available yet")] = None,
) -> PageRequest:
    if sort is not None or filter_ is not None:
        raise NotAvailable("Results cannot be sorted or filtered here yet.")
    return PageRequest(limit, offset)


@router.get(
    "/{execution_id}/nodes/{node_id}/results", responses=refusals(404, 409, 422), summary="Read rows of a node's result"
)
async def read_results(
    status: CurrentStatus,
    actor: CurrentActor,
    execution_id: UUID,
    node_id: str,
    request: Annotated[PageRequest, Depends(_read_request)],
) -> ResultAnswer:
    """Rows in the order in which the query gave them."""
    page = await read_result(status, actor, NodeAddress(execution_id, node_id), request)
    columns = [ColumnAnswer(name=each.name, type=each.type, non_finite=each.non_finite) for each in page.columns]
    rows = [list(row) for row in page.rows]
    return ResultAnswer(columns=columns, rows=rows, total=page.total, limit=request.limit, offset=request.offset)
