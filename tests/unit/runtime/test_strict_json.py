"""Which JSON is taken."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryflow.domain.storable import MOST_DEPTH
from queryflow.http.strict_json import Unacceptable, judge_json

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab[]{}\\\"", max_size=5), inner, max_size=4),
    max_leaves=30,
)  # fmt: skip


@given(plain)
def test_plain_json_passes(document: object) -> None:
    assert judge_json(json.dumps(document).encode()).document == document
    assert judge_json(json.dumps(document, ensure_ascii=False).encode()).document == document


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "INVALID_JSON"),
        (b"{", "INVALID_JSON"),
        (b'{"a": NaN}', "INVALID_JSON"),
        (b"[-Infinity]", "INVALID_JSON"),
        (b"[1e999]", "INVALID_JSON"),
        (b"\xff\xfe\xfd", "INVALID_JSON"),
        (b'"' + b"\\" * 3, "INVALID_JSON"),
        (b"1" * 5_000, "INVALID_JSON"),
        (b"[" * 100_000, "JSON_TOO_DEEP"),
        (b"[" * 65 + b"]" * 65, "JSON_TOO_DEEP"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "JSON_TOO_DEEP"),
        (rb'"\u0000"', "INVALID_TEXT"),
        (rb'{"\ud800": 1}', "INVALID_TEXT"),
    ],
)
def test_what_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(Unacceptable) as refused:
        judge_json(body)
    assert refused.value.error_code == code


def test_brackets_inside_texts_are_no_depth() -> None:
    assert judge_json(json.dumps("[" * 1_000).encode()).document == "[" * 1_000
    assert judge_json(rb'"\"[[[[\\"').document == '"[[[[\\'


def test_the_deepest_brackets_pass() -> None:
    assert json.dumps(judge_json(b"[" * MOST_DEPTH + b"]" * MOST_DEPTH).document) == "[" * MOST_DEPTH + "]" * MOST_DEPTH
