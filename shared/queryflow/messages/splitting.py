"""Cuts a long list of facts into messages that are not too large."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from queryflow.messages.event import MAXIMUM_BODY_BYTES
from queryflow.messages.execution import ExecutionProgressed, Fact, FactError

LONGEST_ERROR = 8_000
"""Characters of an error's message that travel; the whole text stays in the row of the attempt."""
ENVELOPE_BYTES = 100
FACT_BYTES = 320
"""More than a fact takes without its texts: its names, numbers, instant and reason."""
CHARACTER_BYTES = 6
"""The most that one character of a text takes in JSON (an escaped control character)."""


def split_facts(execution_id: UUID, facts: Iterable[Fact]) -> list[ExecutionProgressed]:
    """The facts, in their order, in as few events as fit into 64 KiB each; none for no facts."""
    return [ExecutionProgressed(execution_id=execution_id, facts=tuple(part)) for part in _parts(facts)]


def _parts(facts: Iterable[Fact]) -> Iterator[list[Fact]]:
    part: list[Fact] = []
    free = MAXIMUM_BODY_BYTES - ENVELOPE_BYTES
    for fact in map(_shortened, facts):
        size = _most_bytes(fact)
        if part and size > free:
            yield part
            part, free = [], MAXIMUM_BODY_BYTES - ENVELOPE_BYTES
        part.append(fact)
        free -= size
    if part:
        yield part


def _most_bytes(fact: Fact) -> int:
    """An upper bound of the fact's JSON, without writing it: this is done for every node of every execution."""
    error: FactError | None = getattr(fact, "error", None)
    reused: str = getattr(fact, "reused_from", "")
    characters = (len(error.message) if error else 0) + len(reused)
    return FACT_BYTES + len(fact.node_id) + CHARACTER_BYTES * characters


def _shortened(fact: Fact) -> Fact:
    error: FactError | None = getattr(fact, "error", None)
    if error is None or len(error.message) <= LONGEST_ERROR:
        return fact
    short = error.model_copy(update={"message": error.message[: LONGEST_ERROR - 1] + "…"})
    return fact.model_copy(update={"error": short})
