"""Keyset paging: a cursor is the key of the last item, in a form nobody is tempted to read."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from queryflow.domain.errors import Invalid

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items, and where the next ones begin; None after the last."""

    items: Sequence[Item]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PageWish:
    """Which items are asked for: at most `limit` whose key is greater than `after`."""

    after: str | None
    limit: int


def cut_page(items: Sequence[Item], limit: int, key: Callable[[Item], str]) -> Page[Item]:
    """The page of up to `limit + 1` items that were read; the one more says that another page follows."""
    shown = items[:limit]
    return Page(shown, write_cursor(key(shown[-1])) if len(items) > limit else None)


def write_cursor(key: str) -> str:
    """The cursor that continues after the key."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> str | None:
    """The key in a cursor; Invalid if it is not one of ours."""
    if cursor is None:
        return None
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise _not_ours() from None
    if "\0" in key:
        raise _not_ours()
    return key


def key_as_uuid(key: str) -> UUID:
    """The key of a list whose keys are UUIDs; Invalid if it is none."""
    try:
        return UUID(key)
    except ValueError:
        raise _not_ours() from None


def _not_ours() -> Invalid:
    return Invalid("The cursor is not one that this list gave.", code="INVALID_CURSOR")
