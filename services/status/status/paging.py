"""Keyset paging: the cursors of lists of executions and of timelines."""

import json
from datetime import datetime
from uuid import UUID

from queryflow.runtime import cursors

Place = tuple[datetime, str, int]
"""Where a fact stands in a timeline: its time, its node, its place among the node's facts."""


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
        return datetime.fromisoformat(at), str(node_id), int(sequence)
    except (ValueError, TypeError):
        raise cursors.foreign_cursor() from None
