"""The timeline of an execution over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from queryflow.http.app import new_router
from queryflow.http.refusals import refusals
from status.reading import reading
from status.rules.paging import read_place, write_place
from status.web.dependencies import Reading

router = new_router("/api/executions", "timeline")

MOST_FACTS = 200


class MomentAnswer(BaseModel):
    """A fact about a node; `detail` has rows, seconds, reason or error, as the fact has them."""

    at: datetime
    node_id: str
    sequence: int
    fact: str
    attempt: int
    detail: dict[str, Any]


class TimelinePage(BaseModel):
    """Some facts in the order of time, and where the next ones begin."""

    items: list[MomentAnswer]
    next_cursor: str | None


@router.get(
    "/{execution_id}/timeline", responses=refusals(404, 422), summary="Read what happened to an execution's nodes"
)
async def read_timeline(
    reader: Reading,
    execution_id: UUID,
    cursor: Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_FACTS)] = MOST_FACTS,
) -> TimelinePage:
    """Every fact about the nodes, the oldest first; it may lag a moment behind."""
    moments = await reading.read_timeline(reader, execution_id, read_place(cursor), limit)
    shown = moments[:limit]
    items = [
        MomentAnswer(
            at=each.at,
            node_id=each.node_id,
            sequence=each.sequence,
            fact=each.fact,
            attempt=each.attempt,
            detail=each.detail or {},
        )
        for each in shown
    ]
    more = len(moments) > limit
    last = shown[-1] if more else None
    return TimelinePage(items=items, next_cursor=last and write_place((last.at, last.node_id, last.sequence)))
