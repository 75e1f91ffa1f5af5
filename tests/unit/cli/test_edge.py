"""Errors as programs read them, exit codes, and text without colour."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer import rich_utils

from queryflow.domain.errors import Invalid, Problem
from queryflow_cli import __main__ as command_line
from queryflow_cli.terminal.exit_codes import Interrupted, explain, run_app

WRONG = """\
kind: composition
composition_id: comp_a
name: A
nodes:
  a: {tempalte: x}
"""


def typed(words: list[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "argv", ["queryflow", *words])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    return ended.value.code


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["run", "nothing.yaml", "--json"], 2, "FILE_NOT_READABLE"),
        (["run", "--json"], 2, "USAGE"),
        (["watch", "x", "--json"], 2, "USAGE"),
        (["run", "comp_a", "--json", "--nothing"], 2, "USAGE"),
        (["run", "comp_a", "--json", "--server", "somewhere"], 2, "NO_URL"),
        (["run", "comp_a", "--json", "--server", "http://127.0.0.1:9", "--home", "/nowhere"], 2, "SERVER_AND_HOME"),
        (["run", "comp_a", "--json", "--server", "http://127.0.0.1:9"], 2, "TRY_AGAIN"),
        (["templates", "list", "--json", "--server", "http://127.0.0.1:9"], 2, "TRY_AGAIN"),
    ],
)
def test_an_error_is_one_object_on_standard_output(
    words: list[str], code: int, error: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(words, monkeypatch) == code
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert list(document) == ["error", "message", "details"]
    assert document["error"] == error
    assert said.err == ""


def test_the_problems_of_a_file_are_in_the_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG)
    assert typed(["run", str(file), "--json"], monkeypatch) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["message"] == f"{file}: The document has 2 problems."
    assert [(each["path"], each["line"], each["column"]) for each in document["details"]["problems"]] == [
        ("nodes.a.template", 5, 3),
        ("nodes.a.tempalte", 5, 7),
    ]


def test_a_defect_is_a_sentence_and_an_exit_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(**_words: Any) -> None:
        raise KeyError("inside")

    monkeypatch.setattr(sys, "argv", ["queryflow", "--json"])
    with pytest.raises(SystemExit) as ended:
        run_app(fails)
    assert ended.value.code == 3
    assert json.loads(capsys.readouterr().out)["error"] == "INTERNAL"


def test_a_refusal_that_is_its_only_problem_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    said = "The folder must be an absolute path, such as /data/sales."
    assert explain(Invalid(said, [Problem("WRONG_VALUE", "settings.folder", said)])) == 2
    assert capsys.readouterr().err == f"error WRONG_VALUE at settings.folder\n  {said}\n"


def test_the_place_of_a_problem_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    problem = Problem("UNKNOWN_PLACEHOLDER", "sql", "Not declared. (line 1, column 8)", line=1, column=8)
    explain(Invalid("The SQL cannot run as it is.", [problem]))
    assert "at sql (line 1, column 8)\n  Not declared.\n" in capsys.readouterr().err


def test_an_interruption_says_which_execution_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(**_words: Any) -> None:
        raise Interrupted("Left running.", "an id")

    monkeypatch.setattr(sys, "argv", ["queryflow", "--json"])
    with pytest.raises(SystemExit) as ended:
        run_app(fails)
    assert ended.value.code == 130
    assert json.loads(capsys.readouterr().out)["details"] == {"execution_id": "an id"}


def test_the_version_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(["--version"], monkeypatch) == 0
    assert capsys.readouterr().out == "QueryFlow 0.1.0\n"


@pytest.mark.parametrize("words", [["--help"], ["run"], ["validate", "wrong.yaml"]])
@pytest.mark.parametrize("no_colour", [True, False])
def test_no_color_holds_even_on_a_terminal(
    words: list[str],
    no_colour: bool,  # noqa: FBT001 - one of the parameters of this test
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "wrong.yaml").write_text(WRONG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1" if no_colour else "")
    monkeypatch.setattr(rich_utils, "COLOR_SYSTEM", "auto")
    monkeypatch.setattr(rich_utils, "FORCE_TERMINAL", True)
    typed(words, monkeypatch)
    said = capsys.readouterr()
    assert ("\x1b[" not in said.out + said.err) is no_colour
