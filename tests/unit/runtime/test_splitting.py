"""Facts are cut into bodies that fit, and none is lost."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from queryflow.domain.states import ErrorKind
from queryflow.messages.event import MAXIMUM_BODY_BYTES
from queryflow.messages.execution import Fact, FactError, NodeFailed, NodeReused, NodeSucceeded
from queryflow.messages.splitting import LONGEST_ERROR, split_facts

EXECUTION = UUID("01940000-0000-7000-8000-000000000001")
AT = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)
names = st.from_regex(r"[a-z][a-z0-9_]{0,99}", fullmatch=True)
repeated = st.builds(str.__mul__, st.text(alphabet='\x01\\"é𝄞', min_size=10, max_size=20), st.integers(150, 450))
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200) | repeated
large = 2**62


def _place(node: str) -> dict[str, object]:
    return {"node_id": node, "attempt": 2**31 - 1, "sequence": large, "at": AT}


facts = st.one_of(
    st.builds(lambda node: NodeSucceeded(rows=large, seconds=1.2345678901234567e300, **_place(node)), names),
    st.builds(lambda node, other: NodeReused(rows=large, reused_from=other, **_place(node)), names, texts),
    st.builds(
        lambda node, text: NodeFailed(
            seconds=-1.2345678901234567e-300,
            error=FactError(kind=ErrorKind.RESULT_UNAVAILABLE, message=text),
            **_place(node),
        ),
        names,
        texts,
    ),
)


@settings(max_examples=30)
@given(st.lists(facts, max_size=30).flatmap(lambda some: st.sampled_from([some, some * 20])))
def test_every_body_fits_and_the_order_stays(told: list[Fact]) -> None:
    events = split_facts(EXECUTION, told)
    assert all(len(event.body()) <= MAXIMUM_BODY_BYTES for event in events)
    assert [fact.node_id for event in events for fact in event.facts] == [fact.node_id for fact in told]
    assert all(event.facts for event in events)


def test_a_few_facts_are_one_message() -> None:
    told = [NodeSucceeded(rows=1, seconds=0.5, **_place(f"node_{number}")) for number in range(100)]
    (event,) = split_facts(EXECUTION, told)
    assert event.facts == tuple(told)


def test_a_very_long_error_is_shortened() -> None:
    fact = NodeFailed(error=FactError(kind=ErrorKind.INTERNAL, message="x" * 100_000), **_place("a"))
    (event,) = split_facts(EXECUTION, [fact])
    (told,) = event.facts
    assert isinstance(told, NodeFailed)
    assert told.error.message == "x" * (LONGEST_ERROR - 1) + "…"
