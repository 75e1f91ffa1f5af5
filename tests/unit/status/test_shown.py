"""Values of results as JSON."""

import json
import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryflow.domain.values.numbers import LARGEST_EXACT_IN_JSON
from status.rules.shown import shown_columns, shown_value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (LARGEST_EXACT_IN_JSON, LARGEST_EXACT_IN_JSON),
        (LARGEST_EXACT_IN_JSON + 1, str(LARGEST_EXACT_IN_JSON + 1)),
        (-LARGEST_EXACT_IN_JSON - 1, str(-LARGEST_EXACT_IN_JSON - 1)),
        (True, True),
        (Decimal("1.10"), "1.10"),
        (Decimal("NaN"), None),
        (math.nan, None),
        (-math.inf, None),
        (0.1, 0.1),
        ("0000000123", "0000000123"),
        (None, None),
        (date(2026, 11, 22), "2026-11-22"),
        (datetime(2026, 11, 22, 9, tzinfo=UTC), "2026-11-22T09:00:00Z"),
        (datetime(2026, 11, 22, 9), "2026-11-22T09:00:00"),  # noqa: DTZ001 - a TIMESTAMP without a zone has none here
        (time(9, 30), "09:30:00"),
        (timedelta(hours=1), "1:00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"\x00\xff", "00ff"),
        ([2**60, None, math.inf], [str(2**60), None, None]),
        ({"a": Decimal(1), 2: [True]}, {"a": "1", "2": [True]}),
        ({math.inf: 1, date(9999, 12, 31): 2}, {"inf": 1, "9999-12-31": 2}),
    ],
)
def test_values_are_what_every_reader_understands_alike(value: Any, shown: Any) -> None:
    assert shown_value(value) == shown
    assert type(shown_value(value)) is type(shown)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals() | st.binary()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@given(value=VALUES)
def test_whatever_it_is_it_is_json_that_loses_no_integer(value: Any) -> None:
    text = json.dumps(shown_value(value), allow_nan=False)
    assert json.loads(text, parse_int=lambda digits: int(float(digits))) == json.loads(text)


def test_a_column_says_that_a_value_of_it_was_not_finite() -> None:
    rows = [(1.0, math.nan, [math.inf]), (2.0, 1.0, [1.0])]
    columns = shown_columns([("a", "DOUBLE"), ("b", "DOUBLE"), ("c", "DOUBLE[]")], rows)
    assert [(column.name, column.non_finite) for column in columns] == [("a", False), ("b", True), ("c", True)]
