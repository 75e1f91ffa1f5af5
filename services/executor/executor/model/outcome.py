"""How an attempt ended: one class per end, so that what cannot be true together cannot be written down together."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from executor.model.attempt import Attempt, Failure, Trace
from executor.model.stored_result import StoredResult
from queryflow.domain.states import ErrorKind, NodeState, RootReason


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What every end says: the state its node gets, what that begins in its children, and how long it took."""

    state: ClassVar[NodeState]
    root: ClassVar[RootReason | None] = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded(End):
    """The query ran; `stored` is its result, None if the engine makes none."""

    state: ClassVar[NodeState] = NodeState.SUCCEEDED
    rows: int
    stored: StoredResult | None = None
    trace: Trace = field(default_factory=Trace)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(End):
    """The last attempt failed, but not for taking too long: that is TimedOut."""

    state: ClassVar[NodeState] = NodeState.FAILED
    failure: Failure
    trace: Trace = field(default_factory=Trace)

    def __post_init__(self) -> None:
        if self.failure.kind is ErrorKind.TIMEOUT:
            raise ValueError("an attempt that took too long has not failed, it has timed out")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut(End):
    """The last attempt took too long; the message is safe to show."""

    state: ClassVar[NodeState] = NodeState.TIMED_OUT
    message: str
    trace: Trace = field(default_factory=Trace)

    @property
    def failure(self) -> Failure:
        """The message with its kind."""
        return Failure(ErrorKind.TIMEOUT, self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped(End):
    """An input was empty, and its binding says that the node is skipped then."""

    state: ClassVar[NodeState] = NodeState.SKIPPED
    root: ClassVar[RootReason | None] = RootReason.EMPTY_INPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(End):
    """The execution was cancelled."""

    state: ClassVar[NodeState] = NodeState.CANCELLED
    failure: ClassVar[Failure] = Failure(ErrorKind.CANCELLED, "The execution was cancelled.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried(End):
    """The attempt failed, and the next one follows after a wait."""

    state: ClassVar[NodeState] = NodeState.WAITING
    failure: Failure
    wait: timedelta


FinalOutcome = Succeeded | Failed | TimedOut | Skipped | Cancelled
"""An end after which the node does not run again."""
Outcome = FinalOutcome | Retried


@dataclass(frozen=True, slots=True)
class Finished:
    """An attempt together with its outcome, on its way to be recorded."""

    attempt: Attempt
    outcome: Outcome
