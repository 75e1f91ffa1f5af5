"""The run that docs/architecture.md follows names files that are there, each with the function named behind it."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"
ROOMS = {
    "composer": "services/composer/composer",
    "executor": "services/executor/executor",
    "scheduler": "services/scheduler/scheduler",
    "status": "services/status/status",
    "queryflow": "shared/queryflow",
}


def walk() -> list[tuple[str, str | None]]:
    """The files that the page names in its walk, each with the function named behind it."""
    section = PAGE.read_text().partition("## One run, followed")[2].partition("\n## ")[0]
    return re.findall(r"`([a-z_]+(?:/[a-z_0-9]+)+\.py)`(?:\s+\(`([a-z_]+)`\))?", section)


def test_the_walk_is_long_enough_to_follow() -> None:
    assert len(walk()) > 15


def test_each_file_is_there_and_has_the_function() -> None:
    for named, function in walk():
        room, _, rest = named.partition("/")
        path = ROOT / ROOMS[room] / rest
        assert path.is_file(), named
        if function:
            found = {node.name for node in ast.walk(ast.parse(path.read_text())) if hasattr(node, "name")}
            assert function in found, f"{named} has no {function}"
