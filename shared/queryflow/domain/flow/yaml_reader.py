"""YAML text becomes plain values, by the core rules of YAML 1.2 read narrowly: nothing happens that nobody meant.

`0000000123`, `on`, `no`, `1_000`, `1:30` and `2026-11-22` are strings; so is any number with a leading zero. Refused,
with line and column: syntax errors, anchors, aliases, tags, directives, a second document, duplicate keys, keys that
are no words, numbers that are not finite, nesting beyond 64, more than 2 MiB, more than 100,000 keys and values. JSON
is YAML too and takes the fast way, where only the bytes count.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)
from ruamel.yaml.scanner import Scanner

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.storable import MOST_BYTES, MOST_DEPTH, MOST_WORDS

LONGEST_NUMBER = 400
"""Digits that the largest float needs where a database wrote it out; the time to read them grows as their square."""

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
OCTAL_OR_HEXADECIMAL = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def read_yaml(text: str) -> Any:
    """The value of one YAML or JSON document.

    Raises Invalid with one of NOT_YAML, TOO_LARGE, TOO_DEEP, ALIAS, TAG, DIRECTIVE, SECOND_DOCUMENT, DUPLICATE_KEY,
    WRONG_KEY, NOT_FINITE.
    """
    if len(text.encode(errors="surrogatepass")) > MOST_BYTES:
        raise _invalid("TOO_LARGE", "A file has at most 2 MiB.")
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text, object_pairs_hook=_unique_pairs, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            pass  # not JSON, or not only: the way below says where and why
    try:
        return _compose(text)
    except MarkedYAMLError as error:
        raise _not_yaml(error) from None
    except (YAMLError, ValueError, OverflowError) as error:  # the latter two: an escape such as \Uffffffff
        raise _invalid("NOT_YAML", f"The file cannot be read as YAML: {error}") from None


class _ShallowScanner(Scanner):
    """Refuses to look ahead into nesting that would be refused anyway: the look-ahead is quadratic in the depth."""

    def fetch_flow_collection_start(self, TokenClass: Any, to_push: str) -> None:  # noqa: N803 - overrides a method of the library
        if self.flow_level > MOST_DEPTH:
            raise _too_deep(self.reader.get_mark())
        super().fetch_flow_collection_start(TokenClass, to_push)


@dataclass(slots=True)
class _Collection:
    """A mapping or sequence that is being read; `key` is the mapping's key that waits for its value."""

    value: dict[str, Any] | list[Any]
    key: str | None = None

    def put(self, item: Any) -> None:
        if isinstance(self.value, list):
            self.value.append(item)
        elif self.key is not None:
            self.value[self.key], self.key = item, None


@dataclass(slots=True)
class _Composer:
    """Puts events together without recursion; nested collections lie on `open`."""

    root: list[Any] = field(default_factory=list)
    open: list[_Collection] = field(default_factory=list)

    def take(self, event: Event) -> None:
        if isinstance(event, DocumentStartEvent):
            self._start_document(event)
        elif isinstance(event, CollectionStartEvent):
            self._start_collection(event)
        elif isinstance(event, ScalarEvent):
            self._scalar(event)
        elif isinstance(event, AliasEvent):
            raise _at(event.start_mark, "ALIAS", "Aliases are not read; write the value out.")
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self.open.pop()

    def _start_document(self, event: DocumentStartEvent) -> None:
        if self.root:
            raise _at(event.start_mark, "SECOND_DOCUMENT", "A file has one document; remove the second.")
        if event.version or event.tags:
            raise _at(event.start_mark, "DIRECTIVE", "Directives are not read; files are YAML 1.2.")

    def _start_collection(self, event: CollectionStartEvent) -> None:
        _refuse_properties(event)
        inside = self.open[-1] if self.open else None
        if inside and isinstance(inside.value, dict) and inside.key is None:
            raise _at(event.start_mark, "WRONG_KEY", "A key is a word, not a list or a mapping.")
        if len(self.open) >= MOST_DEPTH:
            raise _too_deep(event.start_mark)
        started = _Collection({} if isinstance(event, MappingStartEvent) else [])
        self._put(started.value)
        self.open.append(started)

    def _scalar(self, event: ScalarEvent) -> None:
        _refuse_properties(event)
        inside = self.open[-1] if self.open else None
        if inside and isinstance(inside.value, dict) and inside.key is None:
            if event.value in inside.value:
                raise _at(event.start_mark, "DUPLICATE_KEY", f"{event.value} stands here twice; keep one of the two.")
            inside.key = event.value
        else:
            self._put(event.value if event.style else _resolved(event))

    def _put(self, item: Any) -> None:
        if self.open:
            self.open[-1].put(item)
        else:
            self.root.append(item)


def _compose(text: str) -> Any:
    composer = _Composer()
    words = 0
    for event in _events(text):
        words += isinstance(event, ScalarEvent | CollectionStartEvent)
        if words > MOST_WORDS:
            sentence = f"More than {MOST_WORDS:,} keys and values are not read as YAML; write the file as JSON."
            raise _at(event.start_mark, "TOO_LARGE", sentence)
        composer.take(event)
    return composer.root[0] if composer.root else None


def _events(text: str) -> Iterator[Event]:
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner = _ShallowScanner
    events: Iterator[Event] = yaml.parse(text)
    return events


def _resolved(event: ScalarEvent) -> Any:
    """What an unquoted word means."""
    word: str = event.value
    if word in NULLS:
        return None
    if word in BOOLEANS:
        return BOOLEANS[word]
    if len(word) > LONGEST_NUMBER:
        return word
    if INTEGER.fullmatch(word):
        return int(word)
    if OCTAL_OR_HEXADECIMAL.fullmatch(word):
        return int(word, 0)
    if FLOAT.fullmatch(word) or NOT_FINITE.fullmatch(word):
        return _finite(event, word)
    return word


def _finite(event: ScalarEvent, word: str) -> float:
    number = math.inf if NOT_FINITE.fullmatch(word) else float(word)
    if math.isinf(number):
        raise _at(event.start_mark, "NOT_FINITE", f"{word} is not a finite number.")
    return number


def _refuse_properties(event: ScalarEvent | CollectionStartEvent) -> None:
    if event.anchor is not None:
        raise _at(event.start_mark, "ALIAS", "Anchors are not read; write the value out where it is needed.")
    if event.tag is not None:
        raise _at(event.start_mark, "TAG", "Tags are not read; put a string in quotes instead.")


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise ValueError("duplicate key")
    return unique


def _refuse_constant(word: str) -> float:
    raise ValueError(word)


def _too_deep(mark: StringMark) -> Invalid:
    return _at(mark, "TOO_DEEP", f"Nesting goes beyond {MOST_DEPTH} levels.")


def _not_yaml(error: MarkedYAMLError) -> Invalid:
    mark = error.problem_mark or error.context_mark
    sentence = f"The file cannot be read as YAML: {error.problem or error.context or 'it breaks off'}."
    return _invalid("NOT_YAML", sentence) if mark is None else _at(mark, "NOT_YAML", sentence)


def _at(mark: StringMark, code: str, sentence: str) -> Invalid:
    line, column = mark.line + 1, mark.column + 1
    problem = Problem(code, "", sentence, line=line, column=column)
    return Invalid(f"Line {line}, column {column}: {sentence}", [problem])


def _invalid(code: str, sentence: str) -> Invalid:
    return Invalid(sentence, [Problem(code, "", sentence)])
