"""The states of executions and nodes, the reasons and the phases; their transitions are drawn in docs/states.md."""

from enum import StrEnum


class NodeState(StrEnum):
    """Where a node of an execution stands."""

    PENDING = "pending"
    READY = "ready"
    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    REUSED = "reused"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def final(self) -> bool:
        """Whether the node has ended."""
        return self in FINAL_NODE_STATES


class ExecutionState(StrEnum):
    """Where an execution stands."""

    REQUESTED = "requested"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIALLY_SUCCEEDED = "partially_succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether the execution has ended."""
        return self in FINAL_EXECUTION_STATES


class SkipReason(StrEnum):
    """Why a node was skipped."""

    CONDITION_FALSE = "condition_false"
    UPSTREAM_FAILED = "upstream_failed"
    UPSTREAM_SKIPPED = "upstream_skipped"
    EMPTY_INPUT = "empty_input"


class WaitReason(StrEnum):
    """Why a node waits."""

    NO_SLOT = "no_slot"
    RETRY_BACKOFF = "retry_backoff"


class RootReason(StrEnum):
    """What began the skipping that reached a node. In order: an earlier one wins over a later one."""

    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    CONDITION_FALSE = "condition_false"
    EMPTY_INPUT = "empty_input"


class Phase(StrEnum):
    """What a running node is doing."""

    RESOLVING = "resolving"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    POLLING = "polling"
    FETCHING = "fetching"
    STORING = "storing"


class JoinRule(StrEnum):
    """What a node demands of its required sources before it may run."""

    ALL_SUCCEEDED = "all_succeeded"
    NONE_FAILED = "none_failed"
    ANY_FINISHED = "any_finished"

    def refusal(self, failed: int, skipped: int) -> SkipReason | None:
        """Why a node with that many failed and skipped required sources may not run; None if it may."""
        if failed and self is not JoinRule.ANY_FINISHED:
            return SkipReason.UPSTREAM_FAILED
        if skipped and self is JoinRule.ALL_SUCCEEDED:
            return SkipReason.UPSTREAM_SKIPPED
        return None


class ErrorKind(StrEnum):
    """Why an attempt failed, by what can be done about it."""

    VALIDATION = "VALIDATION"
    REJECTED = "REJECTED"
    PRIVACY_BUDGET = "PRIVACY_BUDGET"
    AUTH = "AUTH"
    FORBIDDEN = "FORBIDDEN"
    MISSING = "MISSING"
    THROTTLED = "THROTTLED"
    TRANSIENT = "TRANSIENT"
    TIMEOUT = "TIMEOUT"
    RESULT_UNAVAILABLE = "RESULT_UNAVAILABLE"
    EMPTY_UPSTREAM = "EMPTY_UPSTREAM"
    CANCELLED = "CANCELLED"
    INTERNAL = "INTERNAL"

    @property
    def transient(self) -> bool:
        """Whether another attempt may succeed without anybody changing anything."""
        return self in {ErrorKind.THROTTLED, ErrorKind.TRANSIENT, ErrorKind.TIMEOUT, ErrorKind.RESULT_UNAVAILABLE}


FINAL_NODE_STATES = frozenset(
    {
        NodeState.SUCCEEDED,
        NodeState.REUSED,
        NodeState.FAILED,
        NodeState.TIMED_OUT,
        NodeState.CANCELLED,
        NodeState.SKIPPED,
    }
)
GOOD_NODE_STATES = frozenset({NodeState.SUCCEEDED, NodeState.REUSED})
"""Ended with a result."""
FAILED_NODE_STATES = frozenset({NodeState.FAILED, NodeState.TIMED_OUT, NodeState.CANCELLED})
"""What counts as a failed parent."""
FINAL_EXECUTION_STATES = frozenset(
    {ExecutionState.SUCCEEDED, ExecutionState.PARTIALLY_SUCCEEDED, ExecutionState.FAILED, ExecutionState.CANCELLED}
)

NODE_TRANSITIONS: dict[NodeState, frozenset[NodeState]] = {
    NodeState.PENDING: frozenset({NodeState.READY, NodeState.SKIPPED, NodeState.CANCELLED}),
    NodeState.READY: frozenset({NodeState.RUNNING, NodeState.WAITING, NodeState.CANCELLED, NodeState.FAILED}),
    NodeState.WAITING: frozenset({NodeState.READY, NodeState.CANCELLED}),
    NodeState.RUNNING: FINAL_NODE_STATES | {NodeState.WAITING, NodeState.READY},
    **{state: frozenset() for state in FINAL_NODE_STATES},
}
"""Which state may follow which. running → ready: the lease of a lost executor expired and the node starts again;
ready → failed: the node was quarantined because its attempts kept ending their executor."""

EXECUTION_TRANSITIONS: dict[ExecutionState, frozenset[ExecutionState]] = {
    ExecutionState.REQUESTED: frozenset({ExecutionState.RUNNING, ExecutionState.CANCELLED, ExecutionState.FAILED}),
    ExecutionState.RUNNING: FINAL_EXECUTION_STATES,
    **{state: frozenset() for state in FINAL_EXECUTION_STATES},
}
