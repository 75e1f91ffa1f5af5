"""What follows when nodes end. Pure: no clock, no database, no log.

A child is counted down by every distinct source exactly once (the caller's rows see to that: `advanced` on the parent)
and is decided once, when its last source ends. How the ends are ordered, repeated or batched changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from queryflow.domain.ids import NodeId
from queryflow.domain.states import FAILED_NODE_STATES, JoinRule, NodeState, RootReason, SkipReason

RANK = {root: rank for rank, root in enumerate(RootReason)}
"""Which root wins: the lowest."""


@dataclass(frozen=True, slots=True)
class Child:
    """A pending node as its row has it, locked by the caller."""

    node: NodeId
    remaining: int
    """Distinct sources, required or not, that have not ended; the batch at hand is not counted yet."""
    failed: int
    """Required sources that failed so far."""
    skipped: int
    """Required sources that were skipped so far."""
    rule: JoinRule
    cancel_requested: bool = False
    root: RootReason | None = None
    """The worst root of the required sources that ended badly so far."""


@dataclass(frozen=True, slots=True)
class EndedParent:
    """A source of one child that has ended; `root` is what its row says, `required` what the child demands of it."""

    state: NodeState
    required: bool
    root: RootReason | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The sources of one child that ended together, counted."""

    total: int
    failed: int = 0
    skipped: int = 0
    root: RootReason | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What one child becomes: pending with new counts, ready, skipped for a reason, or cancelled."""

    node: NodeId
    remaining: int
    failed: int
    skipped: int
    becomes: NodeState
    reason: SkipReason | None = None
    root: RootReason | None = None
    """While pending, what was gathered so far; once skipped, what began it; None for a node that may run."""


def ended(parents: Iterable[EndedParent]) -> Ended:
    """Count the sources that ended; those that are not required count towards the total only."""
    total = failed = skipped = 0
    root: RootReason | None = None
    for parent in parents:
        total += 1
        if not parent.required:
            continue
        failed += parent.state in FAILED_NODE_STATES
        skipped += parent.state is NodeState.SKIPPED
        root = worst(root, passed_on(parent.state, parent.root))
    return Ended(total, failed, skipped, root)


def advance(child: Child, ended: Ended) -> Step:
    """Count the sources in `ended` down and decide the child when none remains.

    Raises ValueError if more sources ended than remain: one of them was counted twice, which rows must prevent.
    """
    remaining = child.remaining - ended.total
    if remaining < 0:
        raise ValueError(f"{child.node}: {ended.total} sources ended where {child.remaining} remained")
    failed, skipped = child.failed + ended.failed, child.skipped + ended.skipped
    root = worst(child.root, ended.root)
    if remaining > 0:
        return Step(child.node, remaining, failed, skipped, NodeState.PENDING, root=root)
    if child.cancel_requested:
        return Step(child.node, 0, failed, skipped, NodeState.CANCELLED)
    refusal = child.rule.refusal(failed, skipped)
    if refusal is None:
        return Step(child.node, 0, failed, skipped, NodeState.READY)
    return Step(child.node, 0, failed, skipped, NodeState.SKIPPED, refusal, root)


def passed_on(state: NodeState, root: RootReason | None) -> RootReason | None:
    """What a source that ended so gives its required children as their root; None for one that has a result.

    A skipped source whose root was lost passes FAILED on, so that a lost reason never looks like success.
    """
    if state in FAILED_NODE_STATES:
        return RootReason(state.value)
    if state is NodeState.SKIPPED:
        return root or RootReason.FAILED
    return None


def worst(one: RootReason | None, other: RootReason | None) -> RootReason | None:
    """The root that wins over the other, by the order of RootReason."""
    if one is None or other is None:
        return one or other
    return min(one, other, key=RANK.__getitem__)
