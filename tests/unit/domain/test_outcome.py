import pytest

from queryflow.domain.execution.outcome import final_reason, final_state
from queryflow.domain.states import ExecutionState, NodeState, RootReason

Key = tuple[NodeState, RootReason | None, bool]
GOOD: Key = (NodeState.SUCCEEDED, None, False)


@pytest.mark.parametrize(
    ("bad", "state", "reason"),
    [
        ([], ExecutionState.SUCCEEDED, None),
        ([(NodeState.REUSED, None, True)], ExecutionState.SUCCEEDED, None),
        ([(NodeState.SKIPPED, RootReason.CONDITION_FALSE, False)], ExecutionState.SUCCEEDED, None),
        ([(NodeState.SKIPPED, RootReason.EMPTY_INPUT, False)], ExecutionState.SUCCEEDED, None),
        ([(NodeState.FAILED, None, False)], ExecutionState.FAILED, "1 failed."),
        ([(NodeState.TIMED_OUT, None, False)], ExecutionState.FAILED, "1 timed out."),
        ([(NodeState.FAILED, None, True)], ExecutionState.PARTIALLY_SUCCEEDED, "1 failed."),
        (
            [(NodeState.FAILED, None, True), (NodeState.SKIPPED, RootReason.FAILED, False)],
            ExecutionState.FAILED,
            "1 failed, 1 skipped because of it.",
        ),
        (
            [
                (NodeState.FAILED, None, True),
                (NodeState.TIMED_OUT, None, True),
                (NodeState.SKIPPED, RootReason.FAILED, True),
            ],
            ExecutionState.PARTIALLY_SUCCEEDED,
            "1 failed, 1 timed out, 1 skipped because of these.",
        ),
        ([(NodeState.SKIPPED, None, False)], ExecutionState.FAILED, "1 skipped because of these."),
        ([(NodeState.CANCELLED, None, True)], ExecutionState.CANCELLED, "1 cancelled."),
        (
            [(NodeState.CANCELLED, None, True), (NodeState.FAILED, None, False)],
            ExecutionState.CANCELLED,
            "1 failed, 1 cancelled.",
        ),
    ],
)
def test_how_an_execution_ends(bad: list[Key], state: ExecutionState, reason: str | None) -> None:
    counts = {GOOD: 3, **dict.fromkeys(bad, 1)}
    assert final_state(counts) is state
    assert final_reason(counts) == reason


def test_a_count_of_none_changes_nothing() -> None:
    assert final_state({GOOD: 1, (NodeState.FAILED, None, False): 0}) is ExecutionState.SUCCEEDED


def test_an_open_node_is_no_end() -> None:
    with pytest.raises(ValueError, match="still pending, running"):
        final_state({(NodeState.RUNNING, None, False): 1, (NodeState.PENDING, None, False): 1})
