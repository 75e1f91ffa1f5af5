"""Names that come near one that nobody knows, for the ends of messages."""

import difflib
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

MOST_COMPARED = 200
"""Comparing takes a tenth of a millisecond a name; of more names the first are compared."""
MOST_LISTED = 20


def near_names(name: str, known: Iterable[str], most: int = 1) -> tuple[str, ...]:
    """The known names that come nearest, best first; none if none comes near."""
    return _near(name, tuple(islice(known, MOST_COMPARED)), most)


def listed(known: Iterable[str]) -> str:
    """The names with commas between them; of many the first."""
    names = list(known)
    return ", ".join(names[:MOST_LISTED]) + (" …" if len(names) > MOST_LISTED else "")


@lru_cache(maxsize=1_024)  # one mistake is often made at many places
def _near(name: str, known: tuple[str, ...], most: int) -> tuple[str, ...]:
    return tuple(difflib.get_close_matches(name, known, n=most))
