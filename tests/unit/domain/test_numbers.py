"""Numbers of any size keep their digits, or are refused."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryflow.domain.flow.values import check_value, json_value
from queryflow.domain.values.parameters import Parameter, ParameterType


def checked(kind: str, value: object) -> tuple[Any, list[str]]:
    found, problems = check_value(Parameter(name="p", type=ParameterType(kind)), value, "p")
    return found, [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", 1e20, 1e20),
        ("number", 10**20, 1e20),
        ("number", 10**300, 1e300),
        ("number", 2**63, Decimal(2**63)),
        ("number", -(10**37) - 1, Decimal(-(10**37) - 1)),
        ("number", "9007199254740993", 2**53 + 1),
        ("number", "100000000000000000001", Decimal(10**20 + 1)),
        ("number", "0.12345678901234567890", Decimal("0.12345678901234567890")),
        ("number_list", [2**64, 1], [Decimal(2**64), 1]),
        ("number_list", [0.5, 10**20], [0.5, 1e20]),
        ("number_list", [10**20, 2**64 + 1], [Decimal(10**20), Decimal(2**64 + 1)]),
    ],
)
def test_large_numbers_are_taken_as_what_holds_them(kind: str, value: object, expected: Any) -> None:
    found, problems = checked(kind, value)
    assert not problems
    assert found == expected
    assert type(found) is type(expected)
    if isinstance(found, list):
        assert [type(each) for each in found] == [type(each) for each in expected]


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**400])
def test_an_integer_beyond_64_bits_has_a_code_of_its_own(value: int) -> None:
    assert checked("integer", value) == (None, ["BEYOND_64_BITS"])
    assert checked("integer_list", [1, value]) == (None, ["BEYOND_64_BITS"])


@pytest.mark.parametrize("value", [[0.5, 2**64 + 1], [2**64 + 1, 0.1], [10**37 + 1, Decimal("0.01")], ["5"]])
def test_a_list_that_no_column_holds_is_refused(value: list[Any]) -> None:
    assert checked("number_list", value) == (None, ["WRONG_TYPE"])


@given(
    st.integers(-(10**38) + 1, 10**38 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(-(10**19), 10**19, allow_nan=False, places=18)
)
def test_a_number_is_the_same_after_json_and_back(number: Any) -> None:
    found, problems = checked("number", number)
    assert (found, problems) == (number, [])
    written = json.loads(json.dumps(json_value(found)))
    if not (isinstance(written, str) and Decimal(repr(float(written))) == Decimal(written)):
        assert checked("number", written) == (number, [])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_that_a_database_wrote_out_is_that_double(number: float) -> None:
    written = format(Decimal(repr(number)), "f")  # as PostgreSQL's JSON has it
    found, problems = checked("number", json.loads(written))
    assert (float(found), problems) == (number, [])
