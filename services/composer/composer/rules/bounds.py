"""How long and how many the free parts of documents may be, and how lists show the long ones. Pure."""

from collections.abc import Iterator, Mapping, Sized
from typing import Any

from queryflow.domain.errors import Problem

LONGEST_DESCRIPTION = 10_000
LONGEST_EXPRESSION = 10_000
"""Characters of a row filter or a condition."""
LONGEST_TAG = 100
LONGEST_NAME = 100
"""Characters that the columns for names of categories, parameters and engine connections have."""
LONGEST_LABEL = 255
LONGEST_COLUMN = 1_000
MOST_TAGS = 100
MOST_CHARTS = 100
MOST_PARAMETERS = 1_000
MOST_OUTPUTS = 10_000
MOST_KEYS = 100
"""Keys of one `order_by`."""
MOST_NOTES = 1_000
LONGEST_PREVIEW = 500
"""Characters of a description in a list."""
LONGEST_SHOWN_VALUE = 1_000
"""Characters of a value in a list of schedules or workflows; a longer one is shown as `…`."""
LONGEST_SHOWN_PARAMETER = 4_000
"""Characters of a parameter in a list of templates; of a longer one only type, required and label are shown."""


def too_long(path: str, text: str | None, longest: int) -> Iterator[Problem]:
    """The problem of a text of more characters."""
    if text is not None and len(text) > longest:
        yield Problem("TOO_LONG", path, f"At most {longest:,} characters; this has {len(text):,}.")


def too_many(path: str, items: Sized, most: int) -> Iterator[Problem]:
    """The problem of a list of more items."""
    if len(items) > most:
        yield Problem("TOO_MANY_ITEMS", path, f"At most {most:,}; this has {len(items):,}.")


def tag_problems(tags: tuple[str, ...]) -> list[Problem]:
    """Too many tags, or one that is too long; of too many, none is looked at alone."""
    counted = list(too_many("tags", tags, MOST_TAGS))
    return counted or [problem for tag in tags for problem in too_long("tags", tag, LONGEST_TAG)]


def preview(text: str) -> str:
    """The text as lists show it; a long one is cut, with a sign of it."""
    return text if len(text) <= LONGEST_PREVIEW else text[: LONGEST_PREVIEW - 1] + "…"


def values_preview(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of parameters as lists show them."""
    return {name: value if len(str(value)) <= LONGEST_SHOWN_VALUE else "…" for name, value in values.items()}


def parameter_preview(document: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter as lists of templates show it."""
    if len(str(document)) <= LONGEST_SHOWN_PARAMETER:
        return dict(document)
    return {key: value for key, value in document.items() if key in {"type", "required", "label"}}
