"""Every way out by SQL is shut, for root and for a user without rights."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sandbox.as_user import VARIANTS, own_folder, run_module
from tests.integration.sandbox.escapes import CANARY, ESCAPES, HARMLESS


@pytest.fixture(scope="module", params=VARIANTS)
def tried(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    above = Path(tempfile.mkdtemp(prefix="queryflow-escapes-", dir="/tmp"))
    above.chmod(0o711)
    folder = own_folder(request.param, above / "home")
    yield json.loads(run_module(request.param, "tests.integration.sandbox.run_escapes", str(folder)))
    shutil.rmtree(above)


def test_each_escape_fails_for_its_reason(tried: dict[str, Any]) -> None:
    found = {each.sql: tried["found"][each.sql] for each in ESCAPES}
    wrong = {
        each.sql[:80]: found[each.sql]
        for each in ESCAPES
        if found[each.sql].get("kind") != each.kind or each.reason not in found[each.sql]["message"]
    }
    assert wrong == {}
    assert len(ESCAPES) >= 40


def test_nothing_of_the_secret_comes_out_and_nothing_is_left_or_changed(tried: dict[str, Any]) -> None:
    assert CANARY not in json.dumps(tried["found"])
    assert tried["harmless"] == "a,b\n1,007\n"
    assert tried["left"] == ["harmless.csv", "sandbox", "secret.txt"]


def test_harmless_questions_are_answered(tried: dict[str, Any]) -> None:
    assert {sql: tried["found"][sql].get("rows") for sql in HARMLESS} == HARMLESS


def test_every_wall_stands_here(tried: dict[str, Any]) -> None:
    missing = {wall["name"]: wall["why"] for wall in tried["walls"] if not wall["active"]}
    assert missing.keys() <= {"own user"}, missing
