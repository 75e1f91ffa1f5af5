"""Engines of other packages: each joins the catalogue by an entry point of the group `queryflow.engines`.

The entry point has the engine's name and leads to its EngineKind:

    [project.entry-points."queryflow.engines"]
    mine = "my_package.kind:MINE"
"""

import re
from importlib.metadata import EntryPoint, entry_points

from queryflow.domain.errors import Refused
from queryflow.engines.catalogue import ENGINES
from queryflow.engines.kind import EngineKind

GROUP = "queryflow.engines"
NAME = re.compile("[a-z][a-z0-9_]{0,29}")
"""A name is a word of a routing key and of a queue's name; rows have 30 characters for it."""


class BadEngine(Refused):
    """A package offers an engine that cannot be used as it is."""

    code = "BAD_ENGINE"


def join_engines() -> None:
    """Let the engines of installed packages join the catalogue; again it changes nothing.

    BadEngine names the package and what is wrong; the catalogue stays as it was then.
    """
    joining: dict[str, EngineKind] = {}
    for point in entry_points(group=GROUP):
        kind = _loaded(point)
        if (joining | ENGINES).get(point.name, kind) is not kind:
            raise _bad(point, "another engine has that name. Uninstall one of the two")
        joining[point.name] = kind
    ENGINES.update(joining)


def _loaded(point: EntryPoint) -> EngineKind:
    try:
        kind = point.load()
    except (ImportError, AttributeError, SyntaxError, TypeError, ValueError) as error:
        raise _bad(point, f"{point.value} cannot be imported ({error}). Install the package again") from error
    if not isinstance(kind, EngineKind):
        raise _bad(point, f"{point.value} is no EngineKind. Let the entry point lead to one")
    if kind.name != point.name or not NAME.fullmatch(kind.name):
        rule = "Name both alike: a small letter, then small letters, digits and _, 30 at most"
        raise _bad(point, f"its EngineKind is named {kind.name!r}. {rule}")
    return kind


def _bad(point: EntryPoint, why: str) -> BadEngine:
    package = point.dist.name if point.dist else "an unknown package"
    return BadEngine(f"The engine {point.name} of {package} cannot join: {why}, or remove {package}.")
