"""Facts of one execution, cut into as few messages as hold them."""

from collections.abc import Sequence
from uuid import UUID

from queryflow.messages.event import MAXIMUM_BODY_BYTES
from queryflow.messages.execution import ExecutionProgressed, Fact

ENVELOPE_BYTES = 100
"""The execution's id and the brackets around the facts."""
PLAIN_FACT_BYTES = 320
"""A fact without its node's name and its error is never longer as JSON."""
BYTES_PER_CHARACTER = 6
"""The longest form of one character in JSON: a control character as `\\u0000`."""


def split_facts(execution_id: UUID, facts: Sequence[Fact]) -> list[ExecutionProgressed]:
    """Messages with all the facts in their order, none of which can be longer than a body may be."""
    messages: list[ExecutionProgressed] = []
    begin, held = 0, ENVELOPE_BYTES
    for place, fact in enumerate(facts):
        size = longest(fact)
        if held + size > MAXIMUM_BODY_BYTES and place > begin:
            messages.append(ExecutionProgressed(execution_id=execution_id, facts=tuple(facts[begin:place])))
            begin, held = place, ENVELOPE_BYTES
        held += size
    if begin < len(facts):
        messages.append(ExecutionProgressed(execution_id=execution_id, facts=tuple(facts[begin:])))
    return messages


def longest(fact: Fact) -> int:
    """A bound of the fact's bytes as JSON, had without writing it."""
    error = getattr(fact, "error", None)
    characters = 0 if error is None else len(error.message)
    characters += len(getattr(fact, "reused_from", ""))
    return PLAIN_FACT_BYTES + len(fact.node_id) + BYTES_PER_CHARACTER * characters
