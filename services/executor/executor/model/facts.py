"""What is said about nodes that changed. Pure: rows and outcomes in, facts out."""

from collections.abc import Callable
from datetime import datetime
from typing import TypedDict

from executor.model.attempt import EndedNode, Failure, Outcome
from queryflow.domain.states import ErrorKind, NodeState, SkipReason, WaitReason
from queryflow.messages.execution import (
    Fact,
    FactError,
    NodeCancelled,
    NodeFailed,
    NodeRetried,
    NodeSkipped,
    NodeStarted,
    NodeSucceeded,
    NodeTimedOut,
    NodeWaiting,
)


class Place(TypedDict):
    """Which node, which attempt, and the fact's place in the order of the node's facts."""

    node_id: str
    attempt: int
    sequence: int
    at: datetime


def started(place: Place) -> Fact:
    """An executor claimed the attempt."""
    return NodeStarted(**place)


def waiting(place: Place, reason: WaitReason) -> Fact:
    """The node waits."""
    return NodeWaiting(**place, reason=reason)


def retried(place: Place, outcome: Outcome) -> Fact:
    """An attempt failed and another follows."""
    error = None if outcome.failure is None else _error(outcome.failure)
    return NodeRetried(**place, reason=WaitReason.RETRY_BACKOFF, error=error)


def ended(place: Place, outcome: Outcome) -> Fact:
    """How an attempt ended for good."""
    return ENDS[outcome.state](place, outcome)


def followed(node: EndedNode, reason: SkipReason | None) -> Fact:
    """What became of a node because of its parents: skipped for that reason, or cancelled."""
    place = Place(node_id=node.node_id, attempt=node.number, sequence=node.sequence, at=node.at)
    return NodeCancelled(**place) if reason is None else NodeSkipped(**place, reason=reason)


def _succeeded(place: Place, outcome: Outcome) -> Fact:
    return NodeSucceeded(**place, rows=outcome.rows or 0, seconds=outcome.seconds)


def _failed(place: Place, outcome: Outcome) -> Fact:
    return NodeFailed(**place, seconds=outcome.seconds, error=_error(outcome.failure))


def _timed_out(place: Place, outcome: Outcome) -> Fact:
    return NodeTimedOut(**place, seconds=outcome.seconds, error=_error(outcome.failure))


def _cancelled(place: Place, outcome: Outcome) -> Fact:
    return NodeCancelled(**place, seconds=outcome.seconds)


def _skipped(place: Place, outcome: Outcome) -> Fact:
    return NodeSkipped(**place, reason=outcome.reason or SkipReason.EMPTY_INPUT)


def _error(failure: Failure | None) -> FactError:
    if failure is None:
        return FactError(kind=ErrorKind.INTERNAL, message="No reason was given.")
    return FactError(kind=failure.kind, message=failure.message)


ENDS: dict[NodeState, Callable[[Place, Outcome], Fact]] = {
    NodeState.SUCCEEDED: _succeeded,
    NodeState.FAILED: _failed,
    NodeState.TIMED_OUT: _timed_out,
    NodeState.CANCELLED: _cancelled,
    NodeState.SKIPPED: _skipped,
}
