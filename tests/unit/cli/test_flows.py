import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryflow.domain.errors import Refused
from queryflow.domain.values.parameters import ParameterType
from queryflow_cli.system.library import flow_texts
from queryflow_cli.terminal.files import read_flow_file, write_file
from queryflow_cli.terminal.run_options import FlowRequest
from queryflow_cli.terminal.typed import parameters_of, read_assignments
from queryflow_cli.usecases.judging import problems_in


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("string", "007", "007"),
        ("string", "a,b", "a,b"),
        ("string", "true", "true"),
        ("date", "2026-11-22", "2026-11-22"),
        ("enum", "1", "1"),
        ("integer", "12", 12),
        ("integer", "9007199254740993", 9007199254740993),
        ("integer", "twelve", "twelve"),
        ("number", "1.5", 1.5),
        ("number", "NaN", "NaN"),
        ("number", "Infinity", "Infinity"),
        ("boolean", "true", True),
        ("string_list", "a, b,c", ["a", "b", "c"]),
        ("string_list", "", []),
        ("string_list", '["a,b", "c"]', ["a,b", "c"]),
        ("asin_list", "0000000123", ["0000000123"]),
        ("campaign_list", "580104881130200101", ["580104881130200101"]),
        ("integer_list", "1,2,x", [1, 2, "x"]),
        ("number_list", "1.5,2", [1.5, 2]),
        ("date_list", "2026-11-22,2026-11-23", ["2026-11-22", "2026-11-23"]),
        ("date_range", '{"start": "2026-11-01"}', {"start": "2026-11-01"}),
        ("pattern", '{"kind": "exact", "value": "x"}', {"kind": "exact", "value": "x"}),
    ],
)
def test_a_typed_value_becomes_what_its_parameter_takes(kind: str, typed: str, value: object) -> None:
    found = parameters_of({"name": typed}, {"name": ParameterType(kind)})
    assert found == {"name": value}
    assert type(found["name"]) is type(value)


@given(st.sampled_from(ParameterType), st.text(max_size=30))
def test_whatever_is_typed_can_be_sent_as_json(kind: ParameterType, typed: str) -> None:
    found = parameters_of({"name": typed}, {"name": kind})
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_value_begins_after_the_first_equals_sign() -> None:
    assert read_assignments(["a=b=c", "empty="]) == {"a": "b=c", "empty": ""}


@pytest.mark.parametrize("assignments", [["a"], ["=1"], [""], ["a=1", "a=2"]])
def test_other_forms_are_refused(assignments: list[str]) -> None:
    with pytest.raises(Refused, match="--param"):
        read_assignments(assignments)


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("comp_top_overlap_paths", True),
        ("01a202e7-8ed3-7549-ae92-7281b7e0d657", True),
        ("comp_top.yaml", False),
        ("./comp_top", False),
        ("flow", False),
        ("comp_Top", False),
    ],
)
def test_a_flow_is_named_by_id_or_file(name: str, *, saved: bool) -> None:
    assert FlowRequest(name).is_saved is saved


def test_the_shipped_flows_have_no_problems(tmp_path: Path) -> None:
    for text in flow_texts():
        file = tmp_path / "flow.yaml"
        file.write_text(text)
        assert problems_in(file) == []


WRONG = """
queryflow: 1
kind: composition
composition_id: comp_wrong
name: Wrong
connection: sample
nodes:
  a: {template: campaign_outcomes}
  b: {template: nothing_here}
  c: {template: asin_performance}
connections:
  - {id: ab, from: a, to: b}
  - {id: ba, from: b, to: a}
  - {id: ac, from: a, to: c, map: {campaign_ids: {column: sales}}}
"""


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (WRONG, {"CYCLE", "UNKNOWN_TEMPLATE", "TYPE_MISMATCH"}),
        ("a: [1,\n", {"NOT_YAML"}),
        ("queryflow: 2\nkind: composition\n", {"UNKNOWN_FORMAT", "MISSING_FIELD"}),
        ("", {"WRONG_TYPE"}),
        ("just words", {"WRONG_TYPE"}),
        ("[" * 200, {"TOO_DEEP"}),
    ],
)
def test_everything_that_is_wrong_with_a_file_is_listed(tmp_path: Path, text: str, codes: set[str]) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(text)
    assert {problem.code for problem in problems_in(file)} == codes


def test_a_file_without_end_is_not_read_to_it() -> None:
    assert {problem.code for problem in problems_in(Path("/dev/zero"))} == {"TOO_LARGE"}


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\x00\xff\xfe")
    for path, reason in ((binary, "not UTF-8"), (tmp_path, "directory"), (tmp_path / "none.yaml", "No such file")):
        with pytest.raises(Refused, match=reason):
            read_flow_file(path)


def test_a_file_that_cannot_be_written_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="directory"):
        write_file("text", tmp_path)
