"""Every end has its fact."""

from datetime import UTC, datetime
from uuid import UUID

from executor.model import facts
from executor.model.attempt import EndedNode, Outcome
from executor.model.facts import Place
from queryflow.domain.ids import ExecutionId, NodeId
from queryflow.domain.states import FINAL_NODE_STATES, NodeState, SkipReason
from queryflow.messages.execution import NodeCancelled, NodeSkipped, NodeSucceeded

PLACE = Place(node_id="top", attempt=2, sequence=7, at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC))


def test_every_final_state_but_reused_has_a_fact_of_its_name() -> None:
    assert {facts.ended(PLACE, Outcome(state)).fact for state in FINAL_NODE_STATES - {NodeState.REUSED}} == {
        f"node_{state}" for state in FINAL_NODE_STATES - {NodeState.REUSED}
    }


def test_a_success_says_rows_and_seconds() -> None:
    fact = facts.ended(PLACE, Outcome(NodeState.SUCCEEDED, rows=3, seconds=1.5))
    assert isinstance(fact, NodeSucceeded)
    assert (fact.rows, fact.seconds, fact.sequence) == (3, 1.5, 7)


def test_what_became_of_a_node_by_its_sources_is_skipped_or_cancelled() -> None:
    node = EndedNode(UUID(int=1), ExecutionId(UUID(int=2)), NodeId("top"), NodeState.SKIPPED, None, 2, 7, PLACE["at"])
    skipped, cancelled = facts.followed(node, SkipReason.UPSTREAM_FAILED), facts.followed(node, None)
    assert isinstance(skipped, NodeSkipped)
    assert isinstance(cancelled, NodeCancelled)
    assert (skipped.reason, skipped.attempt, skipped.sequence) == (SkipReason.UPSTREAM_FAILED, 2, 7)
