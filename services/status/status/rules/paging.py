"""Keyset paging: the cursors of lists of executions and of timelines."""

import json
from datetime import UTC, datetime
from uuid import UUID

from queryflow.domain.storable import is_storable
from queryflow.http import cursors

Place = tuple[datetime, str, int]
"""Where a fact stands in a timeline: its time, its node, its place among the node's facts."""
LARGEST_SEQUENCE = 2**63 - 1
"""What the column holds."""


def write_cursor(last: UUID) -> str:
    """The cursor that continues after the item."""
    return cursors.write_cursor(last.bytes)


def read_cursor(cursor: str | None) -> UUID | None:
    """The id in a cursor; Invalid if it is not one of ours."""
    if cursor is None:
        return None
    try:
        return UUID(bytes=cursors.read_cursor(cursor))
    except ValueError:
        raise cursors.foreign_cursor() from None


def write_place(last: Place) -> str:
    """The cursor that continues after the fact."""
    at, node_id, sequence = last
    return cursors.write_cursor(json.dumps([at.isoformat(), node_id, sequence]).encode())


def read_place(cursor: str | None) -> Place | None:
    """The place in a cursor; Invalid if it is not one of ours."""
    if cursor is None:
        return None
    try:
        at, node_id, sequence = json.loads(cursors.read_cursor(cursor))
        place = (_moment(at), str(node_id), int(sequence))
    except (ValueError, TypeError, OverflowError):
        raise cursors.foreign_cursor() from None
    if not is_storable(place[1]) or not 0 <= place[2] <= LARGEST_SEQUENCE:
        raise cursors.foreign_cursor()
    return place


def _moment(written: str) -> datetime:
    """The moment in UTC; ValueError or OverflowError if it has no offset, or no calendar has it."""
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        raise ValueError("a moment has an offset")
    return moment.astimezone(UTC)
