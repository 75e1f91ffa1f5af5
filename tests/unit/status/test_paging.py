"""Cursors: what was written is read again, and nothing else."""

from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryflow.domain.errors import Invalid
from status.paging import read_cursor, read_place, write_cursor, write_place


@given(last=st.uuids())
def test_the_id_comes_back(last: UUID) -> None:
    assert read_cursor(write_cursor(last)) == last


@given(at=st.datetimes(timezones=st.just(UTC)), node=st.text(max_size=100), sequence=st.integers(0, 2**40))
def test_the_place_comes_back(at: datetime, node: str, sequence: int) -> None:
    assert read_place(write_place((at, node, sequence))) == (at, node, sequence)


@given(cursor=st.text(max_size=40))
def test_anything_else_is_refused(cursor: str) -> None:
    for read in (read_cursor, read_place):
        with suppress(Invalid):
            read(cursor)


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", write_cursor(UUID(int=1)) + "A", "bnVsbA"])
def test_these_are_refused(cursor: str) -> None:
    for read in (read_cursor, read_place):
        with pytest.raises(Invalid) as refusal:
            read(cursor)
        assert refusal.value.error_code == "INVALID_CURSOR"
