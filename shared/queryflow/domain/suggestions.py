"""Names that come near one that nobody knows, for the ends of messages."""

import difflib
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

MOST_COMPARED = 200
"""Comparing takes a tenth of a millisecond a name; of more names the first are compared."""
MOST_LISTED = 20


def suggest(name: str, known: Iterable[str], most: int = 1) -> tuple[str, ...]:
    """The known names that come nearest in any case of letters, best first; none if none comes near."""
    compared = {each.casefold(): each for each in islice(known, MOST_COMPARED)}
    return tuple(compared[each] for each in _near(name.casefold(), tuple(compared), most))


def did_you_mean(name: str, known: Iterable[str], most: int = 1) -> str:
    """The end of a sentence that names what comes near, without its question mark; empty if nothing does."""
    near = suggest(name, known, most)
    return f"did you mean {' or '.join(near)}" if near else ""


def listed(known: Iterable[str]) -> str:
    """The names with commas between them; of many the first."""
    names = list(known)
    return ", ".join(names[:MOST_LISTED]) + (" …" if len(names) > MOST_LISTED else "")


@lru_cache(maxsize=1_024)  # one mistake is often made at many places
def _near(name: str, known: tuple[str, ...], most: int) -> tuple[str, ...]:
    return tuple(difflib.get_close_matches(name, known, n=most))
