"""What `./queryflow test` counts, and when it fails."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from queryflow_cli.dev import testing

REPORT = """<testsuites><testsuite>
<testcase classname="tests.unit.test_graph" name="a" time="0.5"/>
<testcase classname="tests.unit.domain.test_flow" name="b" time="0.25"><failure message="no"/></testcase>
<testcase classname="tests.system.test_c1" name="c" time="2"><skipped message="why"/></testcase>
<testcase classname="" name="tests.integration.test_x"><error message="collection"/></testcase>
</testsuite></testsuites>"""


def test_it_counts_by_suite(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    counted = testing._count(report)
    assert str(counted["unit"]) == "1 failed, 1 passed"
    assert counted["unit"].seconds == 0.75
    assert str(counted["system"]) == "1 skipped"
    assert sum(counted.values(), testing.Counts()).failed == 2


@pytest.mark.parametrize(
    ("suites", "exit_code", "expected"),
    [
        ({"unit": testing.Counts(passed=3)}, 0, 0),
        ({"unit": testing.Counts(passed=3, failed=1)}, 1, 1),
        ({"unit": testing.Counts(skipped=3)}, 0, 1),
        ({}, 5, 1),
    ],
)
def test_it_is_well_only_if_every_stage_is(
    suites: dict[str, testing.Counts],
    exit_code: int,
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def pytest_ran(arguments: Sequence[str], only: str | None) -> tuple[dict[str, testing.Counts], int]:
        return suites, exit_code

    monkeypatch.setattr(testing, "_pytest", pytest_ran)
    assert testing.run_tests([], "unit") == expected
    total = sum(suites.values(), testing.Counts())
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"{total} in ")


@pytest.mark.parametrize(
    ("arguments", "suites", "exit_code"),
    [
        ([], {"swift": "1 passed", "slow": "1 failed, 1 passed"}, 1),
        (["-k", "good and not slow"], {"swift": "1 passed"}, 0),
        (["-k", "nothing"], {}, testing.NOTHING_CHOSEN),
        (["tests/swift"], {"swift": "1 passed"}, 0),
    ],
)
def test_suites_run_side_by_side_and_the_worst_counts(
    arguments: list[str],
    suites: dict[str, str],
    exit_code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for suite, text in (("swift", ""), ("slow", "def test_slow_bad():\n    assert 'reason' == ''\n")):
        (tmp_path / "tests" / suite).mkdir(parents=True)
        (tmp_path / "tests" / suite / f"test_{suite}.py").write_text(f"def test_{suite}_good():\n    pass\n{text}")
    monkeypatch.setattr(testing, "CHECKOUT", tmp_path)
    monkeypatch.setattr(testing, "GROUPS", (("swift",), ("slow",)))
    counted, code = testing._pytest(arguments, None)
    assert ({suite: str(counts) for suite, counts in counted.items()}, code) == (suites, exit_code)
    assert ("reason" in capfd.readouterr().out) == (exit_code == 1)


def test_a_suite_without_tests_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tests" / "empty").mkdir(parents=True)
    monkeypatch.setattr(testing, "CHECKOUT", tmp_path)
    monkeypatch.setattr(testing, "GROUPS", (("empty",),))
    assert testing._pytest([], None) == ({}, testing.NOTHING_CHOSEN)


def test_a_lint_that_fails_fails_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testing, "_LINTS", {"good": ("-c", ""), "bad": ("-c", "raise SystemExit(3)")})
    assert testing.run_tests([], testing.LINT) == 1
