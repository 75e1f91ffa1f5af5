"""Cursors: what was written is read again, and nothing else."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryflow.domain.errors import Invalid
from queryflow.domain.storable import is_storable
from queryflow.http import cursors
from status.rules.paging import read_cursor, read_place, write_cursor, write_place

NODES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=100)


@given(last=st.uuids())
def test_the_id_comes_back(last: UUID) -> None:
    assert read_cursor(write_cursor(last)) == last


@given(at=st.datetimes(timezones=st.just(UTC)), node=NODES, sequence=st.integers(0, 2**63 - 1))
def test_the_place_comes_back(at: datetime, node: str, sequence: int) -> None:
    assert read_place(write_place((at, node, sequence))) == (at, node, sequence)


PARTS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
MOMENTS = st.datetimes(timezones=st.none() | st.just(UTC)).map(datetime.isoformat) | st.just("0001-01-01T00:00+14:00")
MADE_UP = st.tuples(MOMENTS | PARTS, PARTS, PARTS).map(lambda parts: cursors.write_cursor(json.dumps(parts).encode()))


@given(cursor=st.text(max_size=40) | MADE_UP)
def test_what_nobody_was_given_is_refused_or_a_place_that_can_be_asked_for(cursor: str) -> None:
    try:
        at, node, sequence = read_place(cursor) or pytest.fail("no cursor is empty")
    except Invalid as refused:
        assert refused.error_code == "INVALID_CURSOR"  # noqa: PT017 - a cursor that fits is as good
    else:
        assert at.tzinfo is UTC
        assert is_storable(node)
        assert 0 <= sequence < 2**63


@given(cursor=st.text(max_size=40))
def test_no_text_is_answered_with_anything_but_an_id_or_a_refusal(cursor: str) -> None:
    try:
        assert isinstance(read_cursor(cursor), UUID)
    except Invalid as refused:
        assert refused.error_code == "INVALID_CURSOR"  # noqa: PT017 - a cursor that fits is as good


@pytest.mark.parametrize(
    "place",
    [
        '["2026-11-22T09:00:00+00:00", "top", Infinity]',
        '["2026-11-22T09:00:00+00:00", "top", 9223372036854775808]',
        '["2026-11-22T09:00:00+00:00", "top", -1]',
        '["2026-11-22T09:00:00+00:00", "to\\u0000p", 1]',
        '["2026-11-22T09:00:00", "top", 1]',
        '["0001-01-01T00:00:00+14:00", "top", 1]',
    ],
)
def test_a_place_that_no_timeline_has_is_refused(place: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_place(cursors.write_cursor(place.encode()))
    assert refused.value.error_code == "INVALID_CURSOR"


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", write_cursor(UUID(int=1)) + "A", "bnVsbA"])
def test_these_are_refused(cursor: str) -> None:
    for read in (read_cursor, read_place):
        with pytest.raises(Invalid) as refusal:
            read(cursor)
        assert refusal.value.error_code == "INVALID_CURSOR"
