"""The fold of events: it does not matter in which order, how often or in which batches they come."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import get_args
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from queryflow.domain.states import FINAL_EXECUTION_STATES, ExecutionState, NodeState
from queryflow.messages.event import Event
from queryflow.messages.execution import ExecutionProgressed, Fact
from status.rules.projection import STATE_OF_FACT, NodeFact, Summary, facts_of, fold, further, latest
from tests.unit.status.making import EXECUTIONS, NOON, disordered, histories, life

STATES = st.sampled_from(sorted(FINAL_EXECUTION_STATES))


def kept(batches: Iterable[Iterable[ExecutionProgressed]]) -> dict[tuple[UUID, str], NodeFact]:
    """What a store keeps that takes the newest fact of each node from every batch."""
    nodes: dict[tuple[UUID, str], NodeFact] = {}
    for batch in batches:
        for fact in latest(facts_of(batch)):
            if fact.key not in nodes or nodes[fact.key].sequence < fact.sequence:
                nodes[fact.key] = fact
    return nodes


def test_every_fact_leaves_its_node_in_a_state() -> None:
    union = get_args(Fact)[0]
    words = {model.model_fields["fact"].default for model in get_args(union)}
    assert words == set(STATE_OF_FACT)
    assert {NodeState.PENDING, NodeState.READY}.isdisjoint(STATE_OF_FACT.values())


def test_an_execution_only_goes_forward() -> None:
    life_of_one = [ExecutionState.REQUESTED, ExecutionState.RUNNING]
    for end in FINAL_EXECUTION_STATES:
        for place, state in enumerate([*life_of_one, end]):
            for earlier in [*life_of_one, end][: place + 1]:
                assert further(earlier, state) is state
                assert further(state, earlier) is state


@given(history=histories(), data=st.data())
def test_nodes_end_alike_in_any_order_with_repeats_and_batches(
    history: list[ExecutionProgressed], data: st.DataObject
) -> None:
    in_order = kept([event] for event in history)
    disorderly = kept(data.draw(disordered(history)))
    assert {key: asdict(fact) for key, fact in disorderly.items()} == {
        key: asdict(fact) for key, fact in in_order.items()
    }
    for fact in in_order.values():
        said = [each.facts[0] for each in history if each.execution_id == fact.execution_id]
        assert fact.sequence == max(each.sequence for each in said if each.node_id == fact.node_id)


@given(state=STATES, cancelled=st.booleans(), data=st.data())
def test_summaries_end_alike_in_any_order_with_repeats(
    state: ExecutionState, *, cancelled: bool, data: st.DataObject
) -> None:
    events: list[Event] = life(EXECUTIONS[0], state, cancelled=cancelled)
    in_order, disorderly = Summary(EXECUTIONS[0]), Summary(EXECUTIONS[0])
    for event in events:
        in_order = fold(in_order, event)
    for batch in data.draw(disordered(events)):
        for event in batch:
            disorderly = fold(disorderly, event)
    assert disorderly == in_order
    assert in_order.state is state
    assert (in_order.nodes, in_order.counts, in_order.started_at) == (4, {"succeeded": 4}, NOON)
    assert in_order.cancel_requested is cancelled


@given(history=histories())
def test_facts_come_once_and_in_the_order_all_writers_share(history: list[ExecutionProgressed]) -> None:
    facts = facts_of([*history, *history])
    places = [(*fact.key, fact.sequence) for fact in facts]
    assert places == sorted(set(places))
    assert len(facts) == len(history)
