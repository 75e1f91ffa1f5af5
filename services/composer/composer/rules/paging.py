"""Keyset paging: which items are asked for, and where the next ones begin."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from queryflow.http import cursors

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items, and where the next ones begin; None after the last."""

    items: Sequence[Item]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which items are asked for: at most `limit` whose key is greater than `after`."""

    after: str | None
    limit: int


def cut_page(items: Sequence[Item], limit: int, key: Callable[[Item], str]) -> Page[Item]:
    """The page of up to `limit + 1` items that were read; the one more says that another page follows."""
    shown = items[:limit]
    return Page(shown, cursors.write_cursor(key(shown[-1]).encode()) if len(items) > limit else None)


def read_cursor(cursor: str | None) -> str | None:
    """The key in a cursor; Invalid if it is not one of ours."""
    if cursor is None:
        return None
    try:
        key = cursors.read_cursor(cursor).decode()
    except UnicodeDecodeError:
        raise cursors.foreign_cursor() from None
    if "\0" in key:
        raise cursors.foreign_cursor()
    return key


def key_as_uuid(key: str) -> UUID:
    """The key of a list whose keys are UUIDs; Invalid if it is none."""
    try:
        return UUID(key)
    except ValueError:
        raise cursors.foreign_cursor() from None
