import json
import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryflow.sandbox.values import TAG, from_json, to_json

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**127), max_value=2**127),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.timedeltas(),
    st.uuids(),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
)


@settings(max_examples=300)
@given(VALUES)
def test_every_value_crosses_the_wall_unchanged(value: Any) -> None:
    crossed = from_json(json.loads(json.dumps(to_json(value), allow_nan=False)))
    assert crossed == value
    assert type(crossed) is type(value)


def test_nan_crosses_too() -> None:
    crossed = from_json(json.loads(json.dumps(to_json(float("nan")), allow_nan=False)))
    assert math.isnan(crossed)


def test_a_map_that_looks_like_a_tag_stays_a_map() -> None:
    assert from_json(to_json({TAG: "bytes", "v": "00"})) == {TAG: "bytes", "v": "00"}


@pytest.mark.parametrize(
    "text", ['{"$": "os.system", "v": "x"}', '{"v": 1}', '{"$": "decimal"}', '{"$": "bytes", "v": "zz"}']
)
def test_what_was_not_written_here_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        from_json(json.loads(text))


def test_a_datetime_is_not_taken_for_a_date() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    assert from_json(to_json([at, at.date(), at.timetz()])) == [at, date(2026, 11, 22), time(0, 0, tzinfo=UTC)]
    assert from_json(to_json(timedelta(microseconds=-1))) == timedelta(microseconds=-1)
    assert str(from_json(to_json(Decimal("1.50")))) == "1.50"
