"""What is written while one waits."""

from typing import Any

import pytest

from queryflow_cli.terminal.console import next_steps
from queryflow_cli.terminal.waiting import Waiting
from queryflow_cli.usecases import following
from queryflow_cli.usecases.following import Following


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


def execution(**states: str) -> dict[str, Any]:
    nodes = [{"node_id": name, "state": state} for name, state in states.items()]
    return {"execution_id": "x", "nodes": nodes}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(following, "time", clock)
    return clock


def test_nothing_is_written_for_what_ends_within_two_seconds(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    shown = Following()
    shown.take(execution(a="running"))
    clock.now += 1.9
    shown.tick()
    assert capsys.readouterr().err == ""


def test_a_long_node_is_named_with_its_seconds(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    shown = Following()
    shown.take(execution(a="succeeded", b="running", c="pending", d="waiting"))
    clock.now += 2
    shown.tick()
    shown.tick()
    assert capsys.readouterr().err == "After 2 s: 1 of 4 nodes have ended; running: b (2 s); 1 wait for a place.\n"


def test_lines_become_rarer_with_time(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    shown = Following()
    shown.take(execution(a="running"))
    for _ in range(600):
        clock.now += 1
        shown.tick()
    said = [line.split(":")[0] for line in capsys.readouterr().err.splitlines()]
    assert said == [f"After {seconds} s" for seconds in (2, 5, 10, 20, 30, *range(60, 601, 60))]


def test_of_many_running_nodes_the_first_are_named() -> None:
    shown = Following()
    shown.take(execution(**{f"n{number}": "running" for number in range(9)}))
    assert "n4 (0 s) and 4 others" in shown.line()


def test_what_is_prepared_is_a_line_each_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = Waiting()
    waiting.say("Starting")
    waiting.say("Starting")
    waiting.count("Making", 1, 3)
    waiting.count("Making", 2, 3)
    waiting.over()
    assert capsys.readouterr().err == "Starting …\nMaking …\n"


@pytest.mark.parametrize(
    ("columns", "said"),
    [("80", "Next:\n  ./queryflow up  keeps it running\n"), ("20", "Next:\n  keeps it running:\n    ./queryflow up\n")],
)
def test_what_to_type_next_fits(
    columns: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    next_steps({"./queryflow up": "keeps it running"})
    assert capsys.readouterr().out == said
