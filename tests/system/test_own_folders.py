"""Folders of people's own: by name, for one run, and by one query each."""

import json
import os
import pty
import re
import select
from pathlib import Path
from typing import Any

import pytest

from tests.support.terminal import Terminal
from tests.system.test_command_line import ENDLESS

SPENDING = """
queryflow: 1
kind: composition
composition_id: comp_{name}
name: Spending
connection: {connection}
nodes: {{spent: {{template: spending_{name}}}}}
templates:
  spending_{name}:
    name: Spending
    dialect: duckdb
    sql: SELECT who, sum(much) AS much FROM spending GROUP BY who ORDER BY who
    outputs: {{who: {{type: VARCHAR}}, much: {{}}}}
"""


def folder_of(path: Path, rows: str) -> Path:
    path.mkdir(parents=True)
    (path / "spending.csv").write_text(f"who,much\n{rows}")
    return path


def rows_of(terminal: Terminal, *words: str) -> list[list[Any]]:
    document = json.loads(terminal.type(*words, "--json")[0])
    assert document["state"] == "succeeded"
    return [[who, int(much)] for who, much in document["result"]["rows"]]


@pytest.mark.timeout(300)
def test_a_run_on_another_folder_changes_nothing_for_others(terminal: Terminal, tmp_path: Path) -> None:
    ours = folder_of(tmp_path / "a" / "shop", "Ada,1\n")
    others = [folder_of(tmp_path / name / "shop", f"{name},{number}\n") for number, name in enumerate("bc", 2)]
    terminal.type("connections", "add", "ours", str(ours))
    file = tmp_path / "ours.yaml"
    file.write_text(SPENDING.format(name="ours", connection="ours"))
    assert rows_of(terminal, "run", str(file)) == [["Ada", 1]]
    started = [terminal.start("run", str(file), "--data", str(folder), "--json") for folder in others]
    assert rows_of(terminal, "run", "comp_ours") == [["Ada", 1]]
    found = [json.loads(process.communicate(timeout=90)[0])["result"]["rows"] for process in started]
    assert [(row[0], int(row[1])) for [row] in found] == [("b", 2), ("c", 3)]
    assert rows_of(terminal, "run", "comp_ours") == [["Ada", 1]]


def test_a_name_does_not_come_to_mean_another_folder_by_itself(terminal: Terminal, tmp_path: Path) -> None:
    first, second = folder_of(tmp_path / "first", "Ada,1\n"), folder_of(tmp_path / "second", "Bob,2\n")
    terminal.type("connections", "add", "one_name", str(first))
    assert "--replace" in terminal.type("connections", "add", "one_name", str(second), code=2)[1]
    assert str(first) in terminal.type("connections", "list")[0]
    terminal.type("connections", "add", "one_name", str(second), "--replace")
    assert rows_of(terminal, "query", "FROM spending", "--connection", "one_name") == [["Bob", 2]]
    terminal.type("connections", "remove", "one_name")
    assert "one_name" not in terminal.type("connections", "list")[0]


def test_a_folder_is_shown_with_its_tables_and_first_rows(terminal: Terminal, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "shown", "Ada,1\nBob,2\n")
    (folder / "notes.txt").write_text("no table")
    said = terminal.type("connections", "add", "shown", str(folder))[0]
    assert "spending" in said
    assert "notes.txt is no table" in said
    shown = terminal.type("connections", "show", "shown")[0]
    assert "who VARCHAR" in shown
    assert "spending: 2 rows" in shown
    assert [
        table["name"] for table in json.loads(terminal.type("connections", "show", "shown", "--json")[0])["tables"]
    ] == ["spending"]


def test_a_single_query_says_its_rows_or_why_there_are_none(terminal: Terminal, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "asked", "Ada,1\nBob,2\n")
    words = ("--data", str(folder))
    out = terminal.type(
        "query", "SELECT who FROM spending WHERE much > {{least}}", *words, "--param", "least=1", "--csv"
    )[0]
    assert out.splitlines() == ["who", "Bob"]
    typed = terminal.type("query", "SELECT {{day}} AS day", *words, "--param", "day:date=2026-11-22", "--csv")[0]
    assert typed.splitlines() == ["day", "2026-11-22"]
    out, err = terminal.type("query", "FROM spendings", *words, code=1)
    assert out == ""
    assert "There is no table spendings. Did you mean spending?" in err
    failed = json.loads(terminal.type("query", "FROM spendings", *words, "--json", code=1)[0])
    assert failed["state"] == "failed"
    assert "--connection NAME" in terminal.type("query", "SELECT 1", code=2)[1]


def test_a_saved_query_and_a_combination_of_templates_run(terminal: Terminal, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "saved", "Ada,1\nBob,2\n")
    terminal.type("connections", "add", "saved", str(folder))
    template = tmp_path / "who.yaml"
    template.write_text(
        "kind: template\ntemplate_id: who\nname: Who\ndialect: duckdb\n"
        "sql: SELECT who, much FROM spending WHERE much >= {{least}} ORDER BY 1\nparameters: {least: {type: integer}}\n"
    )
    terminal.type("templates", "import", str(template))
    assert rows_of(terminal, "templates", "run", "who", "--connection", "saved", "--param", "least=2") == [["Bob", 2]]
    terminal.type("workflows", "add", "Who", "--template", "who", "--connection", "saved", "--param", "least=2")
    saved = json.loads(terminal.type("workflows", "list", "--json")[0])["workflows"]
    [workflow] = [each["id"] for each in saved if each["name"] == "Who"]
    assert rows_of(terminal, "workflows", "run", workflow) == [["Bob", 2]]
    terminal.type("schedules", "add", workflow, "--cron", "0 9 * * 1")
    schedules = json.loads(terminal.type("schedules", "list", "--json")[0])["schedules"]
    [schedule] = [each["id"] for each in schedules if each["workflow_id"] == workflow]
    terminal.type("schedules", "remove", schedule)
    terminal.type("workflows", "remove", workflow)
    terminal.type("combine", "comp_combined", "who", "who", "--param", "least=1", "--connection", "saved")
    assert rows_of(terminal, "run", "comp_combined") == [["Ada", 1], ["Bob", 2]]


@pytest.mark.parametrize(("typed", "state"), [(b"c\n", "cancelled"), (b"\n", "running")])
def test_ctrl_c_on_a_terminal_asks(terminal: Terminal, tmp_path: Path, typed: bytes, state: str) -> None:
    file = tmp_path / "endless.yaml"
    file.write_text(ENDLESS.replace("comp_endless", f"comp_asked_{state}"))
    screen = Screen(terminal, "run", str(file))
    screen.wait_for(b"running")
    screen.press(b"\x03")
    screen.wait_for(b"Leave it running, or cancel it?")
    screen.press(typed)
    assert screen.end() == 130
    assert (b"Left running." in screen.seen) is (state == "running")
    execution_id = re.findall(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", screen.seen)[-1].decode()
    if state == "running":
        terminal.type("cancel", execution_id)
    assert json.loads(terminal.type("watch", execution_id, "--json", code=1)[0])["state"] == "cancelled"


class Screen:
    """A command on a terminal of its own, with what it has shown."""

    def __init__(self, terminal: Terminal, *words: str) -> None:
        self.seen = b""
        self._process, self._screen = pty.fork()
        if self._process == 0:
            terminal.become(*words)

    def wait_for(self, words: bytes) -> None:
        while words not in self.seen:
            assert self._read(), self.seen.decode(errors="replace")

    def press(self, keys: bytes) -> None:
        os.write(self._screen, keys)

    def end(self) -> int:
        while self._read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])

    def _read(self) -> bool:
        """More of what is shown; whether there was any within a minute."""
        if not select.select([self._screen], [], [], 60)[0]:
            return False
        try:
            found = os.read(self._screen, 65_536)
        except OSError:  # the other side has ended
            return False
        self.seen += found
        return bool(found)
