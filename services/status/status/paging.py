"""Keyset paging: a cursor is the key of the last item, in a form nobody is tempted to read."""

import base64
import binascii
import json
from datetime import datetime
from uuid import UUID

from queryflow.domain.errors import Invalid

Place = tuple[datetime, str, int]
"""Where a fact stands in a timeline: its time, its node, its place among the node's facts."""


def write_cursor(last: UUID) -> str:
    """The cursor that continues after the item."""
    return _write(last.bytes)


def read_cursor(cursor: str | None) -> UUID | None:
    """The id in a cursor; Invalid if it is not one of ours."""
    if cursor is None:
        return None
    try:
        return UUID(bytes=_read(cursor))
    except ValueError:
        raise _not_ours() from None


def write_place(last: Place) -> str:
    """The cursor that continues after the fact."""
    at, node_id, sequence = last
    return _write(json.dumps([at.isoformat(), node_id, sequence]).encode())


def read_place(cursor: str | None) -> Place | None:
    """The place in a cursor; Invalid if it is not one of ours."""
    if cursor is None:
        return None
    try:
        at, node_id, sequence = json.loads(_read(cursor))
        return datetime.fromisoformat(at), str(node_id), int(sequence)
    except (ValueError, TypeError):
        raise _not_ours() from None


def _write(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _read(cursor: str) -> bytes:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no cursor") from error


def _not_ours() -> Invalid:
    return Invalid("The cursor is not one that this list gave.", code="INVALID_CURSOR")
