"""How an execution ends, from how its nodes ended.

- cancelled: a node was cancelled by request, whatever else happened. A request that came too late to cancel any node
  changes nothing: the work is done, and the state says so.
- failed: a failure that is not tolerated. A failure is a node that failed or timed out, or one that was skipped because
  of such a node or of a cancelled one. A sink is never tolerated, so a flow whose result is missing has failed.
- partially_succeeded: there are failures, and every path from each to a sink crosses a connection that is not required.
- succeeded: every node has a result, or was skipped by a condition or an empty input, or by what follows from these.
"""

from collections.abc import Iterator, Mapping

from queryflow.domain.states import ExecutionState, NodeState, RootReason

Counts = Mapping[tuple[NodeState, RootReason | None, bool], int]
"""How many nodes ended with (state, root reason, tolerated)."""

HARMLESS_ROOTS = frozenset({RootReason.CONDITION_FALSE, RootReason.EMPTY_INPUT})
"""Skips that began with these are what the author asked for."""


def final_state(counts: Counts) -> ExecutionState:
    """The state of an execution whose nodes all ended, taken once; raises ValueError while a counted node is open."""
    states = {state for state, _, _ in _counted(counts)}
    if still_open := sorted(state for state in states if not state.final):
        raise ValueError(f"nodes are still {', '.join(still_open)}")
    if NodeState.CANCELLED in states:
        return ExecutionState.CANCELLED
    tolerations = {tolerated for state, root, tolerated in _counted(counts) if is_failure(state, root)}
    if False in tolerations:
        return ExecutionState.FAILED
    return ExecutionState.PARTIALLY_SUCCEEDED if tolerations else ExecutionState.SUCCEEDED


def is_failure(state: NodeState, root: RootReason | None) -> bool:
    """Whether a node that ended so is a failure or follows from one; a skip without a root counts as one."""
    if state is NodeState.SKIPPED:
        return root not in HARMLESS_ROOTS
    return state in {NodeState.FAILED, NodeState.TIMED_OUT}


def final_reason(counts: Counts) -> str | None:
    """Why the execution did not simply succeed, such as `1 failed, 2 skipped because of it.`; None if it did."""
    if final_state(counts) is ExecutionState.SUCCEEDED:
        return None
    named = (NodeState.FAILED, NodeState.TIMED_OUT, NodeState.CANCELLED)
    totals = {state: sum(count for key, count in counts.items() if key[0] is state) for state in named}
    words = [f"{count} {state.value.replace('_', ' ')}" for state, count in totals.items() if count]
    followers = sum(
        count for (state, root, _), count in counts.items() if state is NodeState.SKIPPED and is_failure(state, root)
    )
    if followers:
        words.append(f"{followers} skipped because of {'it' if sum(totals.values()) == 1 else 'these'}")
    return ", ".join(words) + "."


def _counted(counts: Counts) -> Iterator[tuple[NodeState, RootReason | None, bool]]:
    return (key for key, count in counts.items() if count)
