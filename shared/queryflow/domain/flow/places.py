"""Where in a file the things of its document stand, so that a problem's path becomes a line and a column."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import StringMark, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow.yaml_reader import read_yaml

Shaped = TypeVar("Shaped")

NAMES = ("id", "name")
"""What a member of a list is called by in paths, where it has it."""
LONGEST_JSON = 65_536
"""Programs write longer ones, and do not count lines; finding places in them would take seconds."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key, or a member of a list, stands, and its value."""

    mark: StringMark
    value: Node


@dataclass(frozen=True, slots=True)
class _Written:
    """A document as it is written: its parts, its lines, and what was looked up in it before."""

    root: Node
    lines: Sequence[str]
    known: dict[int, Mapping[str, Place]] = field(default_factory=dict)

    def inside_of(self, value: Node) -> Mapping[str, Place]:
        """What the part holds by name; read once, for many problems may lie below one long list."""
        found = self.known.get(id(value))
        if found is None:
            found = self.known[id(value)] = _inside_of(value)
        return found


def with_places(text: str, shape: Callable[[object], Shaped]) -> Shaped:
    """What `shape` makes of the document in the text; its Invalid is given the lines and columns of the text."""
    document = read_yaml(text)
    try:
        return shape(document)
    except Invalid as error:
        raise Invalid(error.message, located(text, error.problems), code=error.error_code) from None


def located(text: str, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems of the document in the text with the line and the column of the text.

    A place in the document's SQL becomes the place in the text. What has no path keeps what it says.
    """
    listed = tuple(problems)
    if not any(problem.path for problem in listed) or (text.lstrip().startswith("{") and len(text) > LONGEST_JSON):
        return listed
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, ValueError):  # a text that cannot be read has one problem, which says where
        return listed
    if root is None:
        return listed
    written = _Written(root, text.split("\n"))
    return tuple(_located(each, written) if each.path else each for each in listed)


def _located(problem: Problem, written: _Written) -> Problem:
    place, rest = _find(written, problem.path)
    if place is None:
        return problem if problem.line is None else replace(problem, line=None, column=None)
    line, column = place.mark.line + 1, place.mark.column + 1
    if problem.line is None or problem.column is None:
        return replace(problem, line=line, column=column)
    inner = None if rest else _inside(place.value, (problem.line, problem.column), written.lines)
    if inner is None:  # the SQL stands elsewhere, or is written in a way that moves its lines: the sentence has them
        return replace(problem, line=line, column=column)
    said = f" (line {problem.line}, column {problem.column})"
    return replace(problem, message=problem.message.replace(said, ""), line=inner[0], column=inner[1])


def _inside(value: Node, position: tuple[int, int], lines: Sequence[str]) -> tuple[int, int] | None:
    """The position in the file of one in a text of it; None where the two do not have the same lines."""
    line, column = position
    if not isinstance(value, ScalarNode):
        return None
    first = value.start_mark.line
    if value.style == "|":
        pairs = zip(islice(lines, first + 1, None), value.value.split("\n"), strict=False)
        indent = next((len(written) - len(kept) for written, kept in pairs if kept.strip()), 0)
        return first + 1 + line, indent + column
    if first == value.end_mark.line and line == 1 and "\n" not in value.value:
        return first + 1, value.start_mark.column + column + (1 if value.style else 0)
    return None


def _find(written: _Written, path: str) -> tuple[Place | None, str]:
    """The place of the path, or of what is nearest above it, and what is left of the path."""
    place: Place | None = None
    value, rest = written.root, path
    while rest:
        inside = written.inside_of(value)
        name = next((each for each in _beginnings(rest) if each in inside), None)
        if name is None:
            break
        place, rest = inside[name], rest[len(name) + 1 :]
        value = place.value
    return place, rest


def _inside_of(value: Node) -> Mapping[str, Place]:
    if isinstance(value, MappingNode):
        return {str(key.value): Place(key.start_mark, item) for key, item in value.value}
    if isinstance(value, SequenceNode):
        places = {str(number): Place(item.start_mark, item) for number, item in enumerate(value.value)}
        return places | {name: Place(item.start_mark, item) for item in value.value for name in _names(item)}
    return {}


def _names(item: Node) -> Iterator[str]:
    if isinstance(item, MappingNode):
        yield from (str(found.value) for key, found in item.value if key.value in NAMES)


def _beginnings(path: str) -> Iterator[str]:
    """What the first key of the path may be, the longest first: keys may have dots in them."""
    end = len(path)
    while end > 0:
        yield path[:end]
        end = path.rfind(".", 0, end)
