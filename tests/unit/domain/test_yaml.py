from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from queryflow.domain.errors import Invalid
from queryflow.domain.flow import yaml_reader, yaml_writer
from queryflow.domain.flow.yaml_reader import read_yaml
from queryflow.domain.flow.yaml_writer import write_yaml
from tests.unit.domain.documents import LINES, MARKED, MISREAD


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0000000123", "0000000123"),
        ("on", "on"),
        ("No", "No"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-11-22", "2026-11-22"),
        ("00.5", "00.5"),
        ("0", 0),
        ("-17", -17),
        ("+5", 5),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5e3", 1500.0),
        ("9223372036854775808", 2**63),
        ("9" * 5_000, "9" * 5_000),
        ("true", True),
        ("~", None),
        ("", None),
        ("'1'", "1"),
        ('"\\u00e9"', "é"),
        ("!", None),
        ("[a, {b: c}]", ["a", {"b": "c"}]),
        ("{1: x, on: y, ~: z}", {"1": "x", "on": "y", "~": "z"}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ('{"a": [1, null]}', {"a": [1, None]}),
    ],
)
def test_what_words_mean(text: str, value: Any) -> None:
    if text == "!":
        with pytest.raises(Invalid):
            read_yaml(text)
        return
    found = read_yaml(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: &x 1\nb: *x", "ALIAS", "Line 1, column 4"),
        ("a: 1\nb: *x", "ALIAS", "Line 2, column 4"),
        ("a: 1\na: 2", "DUPLICATE_KEY", "Line 2, column 1"),
        ('{"a": 1,\n "a": 2}', "DUPLICATE_KEY", "Line 2, column 2"),
        ("a: !!python/object:os.system {}", "TAG", "Line 1, column 4"),
        ("a: .nan", "NOT_FINITE", "Line 1, column 4"),
        ("a: 1e999", "NOT_FINITE", "Line 1, column 4"),
        ('{"a": NaN}', None, ""),
        ("%YAML 1.1\n---\na: 1", "DIRECTIVE", "Line 2"),
        ("a: 1\n---\nb: 2", "SECOND_DOCUMENT", "Line 2"),
        ("? [a]\n: b", "WRONG_KEY", "Line 1, column 3"),
        ("a: ]", "NOT_YAML", "Line 1, column 4"),
        ("a:\n\tb: 1", "NOT_YAML", "Line 2, column 1"),
        ('"\\Uffffffff"', "NOT_YAML", ""),
        ("\0", "NOT_YAML", ""),
        ("[" * 100_000, "TOO_DEEP", "Line 1, column 66"),
        ('{"a":' * 100_000, "TOO_DEEP", "Line 1"),
        ("".join(f"{' ' * depth}a:\n" for depth in range(100)), "TOO_DEEP", "Line 6"),
        ("x" * 3_000_000, "TOO_LARGE", ""),
    ],
)
def test_what_is_refused_says_what_and_where(text: str, code: str | None, place: str) -> None:
    if code is None:
        assert read_yaml(text) == {"a": "NaN"}, "in YAML that word is a string"
        return
    with pytest.raises(Invalid) as invalid:
        read_yaml(text)
    (problem,) = invalid.value.problems
    assert problem.code == code
    assert str(invalid.value).startswith(place)
    if place:
        assert f"Line {problem.line}, column {problem.column}".startswith(place)


def test_so_many_words_are_read_and_written_as_json_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "MOST_WORDS", 10)
    monkeypatch.setattr(yaml_writer, "MOST_WORDS", 10)
    most, more = {"a": [1, 2, 3], "b": {"c": 4}}, {"a": [1, 2, 3, 4], "b": {"c": "d"}}
    assert write_yaml(most) == "a: [1, 2, 3]\nb: {c: 4}\n"
    assert write_yaml(more) == '{"a":[1,2,3,4],"b":{"c":"d"}}\n'
    assert [read_yaml(write_yaml(each)) for each in (most, more)] == [most, more]
    with pytest.raises(Invalid, match=r"Line 3, column 6: .* write the file as JSON") as invalid:
        read_yaml("a: [1, 2, 3, 4]\nb:\n  c: d\n")
    assert [problem.code for problem in invalid.value.problems] == ["TOO_LARGE"]


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab01:-?[]{},#&*!|>'\"%@` \n\t\\.~=<é"), max_size=30) | st.text(max_size=20))
def test_no_text_is_answered_with_anything_but_a_value_or_problems(text: str) -> None:
    try:
        read_yaml(text)
    except Invalid as invalid:
        assert invalid.problems  # noqa: PT017 - a text that can be read is as good


@pytest.mark.parametrize("text", [*MISREAD, *MARKED, *LINES])
def test_every_text_survives_wherever_it_stands(text: str) -> None:
    document = {"a": text, "b": {"c": [text, {"d": text, "e": "x" * 200}]}, "f": 1}
    assert read_yaml(write_yaml(document)) == document


def test_numbers_are_written_as_every_reader_reads_them() -> None:
    assert (
        write_yaml({"a": 1e16, "b": 1e-7, "c": 1.5, "d": 10**20})
        == "a: 1.0e+16\nb: 1.0e-07\nc: 1.5\nd: 100000000000000000000\n"
    )


words = st.sampled_from(
    [
        "y",
        "NO",
        "on",
        "0123",
        "1_000",
        "1:30",
        "2026-11-22",
        "~",
        "null",
        "1e5",
        "0x1f",
        ".5",
        "=",
        "<<",
        "a b",
        "x: y",
        "x #y",
    ]
) | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(words, words | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)))
def test_a_reader_of_yaml_1_1_reads_what_was_written(document: dict[str, Any]) -> None:
    old = YAML(typ="safe", pure=True)
    old.version = (1, 1)
    text = write_yaml(document)
    assert (old.load(text) or {}) == document
    assert (read_yaml(text) or {}) == document
