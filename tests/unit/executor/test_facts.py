"""Every end has its fact."""

from datetime import UTC, datetime
from uuid import UUID

from executor.model import facts
from executor.model.attempt import EndedNode, Failure
from executor.model.facts import Place
from executor.model.outcome import Cancelled, Failed, FinalOutcome, Skipped, Succeeded, TimedOut
from queryflow.domain.ids import ExecutionId, NodeId
from queryflow.domain.states import FINAL_NODE_STATES, ErrorKind, NodeState, SkipReason
from queryflow.messages.execution import NodeCancelled, NodeSkipped, NodeSucceeded

PLACE = Place(node_id="top", attempt=2, sequence=7, at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC))


def test_every_final_state_but_reused_has_a_fact_of_its_name() -> None:
    failed = Failed(failure=Failure(ErrorKind.REJECTED, "no such table"))
    ends: list[FinalOutcome] = [Succeeded(rows=1), failed, TimedOut(message="too long"), Skipped(), Cancelled()]
    assert {end.state for end in ends} == FINAL_NODE_STATES - {NodeState.REUSED}
    assert [facts.ended(PLACE, end).fact for end in ends] == [f"node_{end.state}" for end in ends]


def test_a_success_says_rows_and_seconds() -> None:
    fact = facts.ended(PLACE, Succeeded(rows=3, seconds=1.5))
    assert isinstance(fact, NodeSucceeded)
    assert (fact.rows, fact.seconds, fact.sequence) == (3, 1.5, 7)


def test_what_became_of_a_node_by_its_sources_is_skipped_or_cancelled() -> None:
    node = EndedNode(UUID(int=1), ExecutionId(UUID(int=2)), NodeId("top"), NodeState.SKIPPED, None, 2, 7, PLACE["at"])
    skipped, cancelled = facts.followed(node, SkipReason.UPSTREAM_FAILED), facts.followed(node, None)
    assert isinstance(skipped, NodeSkipped)
    assert isinstance(cancelled, NodeCancelled)
    assert (skipped.reason, skipped.attempt, skipped.sequence) == (SkipReason.UPSTREAM_FAILED, 2, 7)
