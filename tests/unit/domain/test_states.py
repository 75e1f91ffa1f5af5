import re
from pathlib import Path

import pytest

from queryflow.domain.states import (
    EXECUTION_TRANSITIONS,
    FAILED_NODE_STATES,
    NODE_TRANSITIONS,
    ExecutionState,
    JoinRule,
    NodeState,
    SkipReason,
)

PAGE = Path(__file__).resolve().parents[3] / "docs" / "states.md"


def drawn(place: int) -> set[tuple[str, str]]:
    """The arrows of the page's diagram at that place, except those that begin or end a life."""
    diagrams = re.findall(r"```mermaid\n(.*?)```", PAGE.read_text(), re.DOTALL)
    arrows = re.findall(r"^\s+(\S+) --> (\w+|\[\*\])", diagrams[place], re.MULTILINE)
    return {(one, other) for one, other in arrows if "[*]" not in (one, other)}


def test_the_diagrams_show_what_the_code_allows() -> None:
    assert drawn(0) == {(one.value, other.value) for one, others in NODE_TRANSITIONS.items() for other in others}
    assert drawn(1) == {(one.value, other.value) for one, others in EXECUTION_TRANSITIONS.items() for other in others}


def test_final_states_are_those_that_nothing_follows() -> None:
    assert {state for state, others in NODE_TRANSITIONS.items() if not others} == {s for s in NodeState if s.final}
    assert {state for state, others in EXECUTION_TRANSITIONS.items() if not others} == {
        s for s in ExecutionState if s.final
    }
    assert all(state.final for state in FAILED_NODE_STATES)


@pytest.mark.parametrize(
    ("rule", "failed", "skipped", "refusal"),
    [
        (JoinRule.ALL_SUCCEEDED, 0, 0, None),
        (JoinRule.ALL_SUCCEEDED, 1, 1, SkipReason.UPSTREAM_FAILED),
        (JoinRule.ALL_SUCCEEDED, 0, 1, SkipReason.UPSTREAM_SKIPPED),
        (JoinRule.NONE_FAILED, 1, 0, SkipReason.UPSTREAM_FAILED),
        (JoinRule.NONE_FAILED, 0, 3, None),
        (JoinRule.ANY_FINISHED, 2, 2, None),
    ],
)
def test_join_rules(rule: JoinRule, failed: int, skipped: int, refusal: SkipReason | None) -> None:
    assert rule.refusal(failed, skipped) is refusal
