"""What is said about nodes that changed. Pure: rows and outcomes in, facts out."""

from datetime import datetime
from typing import TypedDict

from executor.model.attempt import EndedNode, Failure
from executor.model.outcome import Cancelled, Failed, FinalOutcome, Skipped, Succeeded, TimedOut
from queryflow.domain.states import SkipReason, WaitReason
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


def retried(place: Place, failure: Failure) -> Fact:
    """An attempt failed and another follows."""
    return NodeRetried(**place, reason=WaitReason.RETRY_BACKOFF, error=_error(failure))


def ended(place: Place, outcome: FinalOutcome) -> Fact:
    """How an attempt ended for good."""
    match outcome:
        case Succeeded():
            return NodeSucceeded(**place, rows=outcome.rows, seconds=outcome.seconds)
        case Failed():
            return NodeFailed(**place, seconds=outcome.seconds, error=_error(outcome.failure))
        case TimedOut():
            return NodeTimedOut(**place, seconds=outcome.seconds, error=_error(outcome.failure))
        case Skipped():
            return NodeSkipped(**place, reason=SkipReason.EMPTY_INPUT)
        case Cancelled():
            return NodeCancelled(**place, seconds=outcome.seconds)


def followed(node: EndedNode, reason: SkipReason | None) -> Fact:
    """What became of a node because of its parents: skipped for that reason, or cancelled."""
    place = Place(node_id=node.node_id, attempt=node.number, sequence=node.sequence, at=node.at)
    return NodeCancelled(**place) if reason is None else NodeSkipped(**place, reason=reason)


def _error(failure: Failure) -> FactError:
    return FactError(kind=failure.kind, message=failure.message)
