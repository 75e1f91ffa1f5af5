import pytest

from queryflow_cli.terminal.listing import print_list

ID = "8deb9548-32f4-4e89-9507-30eaaf2d06a1"
NAMES = ("schedule", "runs", "cron", "next")
ROW = (ID, "comp_top_overlap_paths", "0 9 * * 1", "Mon 2026-11-30 09:00")


class Printing:
    """Prints lists as wide as asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._environment, self._said = monkeypatch, capsys

    def __call__(self, width: int, rows: list[tuple[str, ...]], prose: tuple[str, ...] = ()) -> list[str]:
        self._environment.setenv("COLUMNS", str(width))
        print_list("schedule", NAMES, rows, prose=prose)
        return self._said.readouterr().out.splitlines()


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Printing:
    return Printing(monkeypatch, capsys)


def test_a_wide_terminal_shows_a_table(printed: Printing) -> None:
    assert " ".join(ROW) in [" ".join(line.replace("   ", " ").split()) for line in printed(120, [ROW])]


@pytest.mark.parametrize("width", range(40, 130, 10))
def test_no_width_breaks_what_is_typed_again(printed: Printing, width: int) -> None:
    shown = printed(width, [ROW])
    assert all(any(word in line for line in shown) for word in ROW)


def test_a_narrow_terminal_shows_a_paragraph_for_each_row(printed: Printing) -> None:
    assert printed(80, [ROW]) == [
        "1 schedule",
        "",
        ID,
        "  runs  comp_top_overlap_paths",
        "  cron  0 9 * * 1",
        "  next  Mon 2026-11-30 09:00",
    ]


def test_prose_is_broken_before_the_table_is_given_up(printed: Printing) -> None:
    line = ("comp_a", "a name of many words that go on and on and on", "0 9 * * 1", "off")
    shown = printed(60, [line], prose=("runs",))
    assert shown[2].split() == list(NAMES)
    assert max(map(len, shown)) <= 60


def test_a_paragraph_leaves_out_what_is_not_there(printed: Printing) -> None:
    assert printed(40, [(ID, "comp_a", "", "off")])[2:] == [ID, "  runs  comp_a", "  next  off"]


def test_an_empty_list_is_a_table_without_rows(printed: Printing) -> None:
    assert printed(80, [])[0] == "0 schedules"
