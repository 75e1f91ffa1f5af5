"""A process that dies is restarted, after longer and longer pauses, a bounded number of times."""

import time
from pathlib import Path

import pytest

from queryflow.domain.errors import TryAgain
from queryflow_cli.servers.supervised_process import SupervisedCommand, SupervisedProcess
from queryflow_cli.system.reviving import MOST_REVIVALS, STEADY_SECONDS, Kept


class Dying:
    """A service that says why it ends, again and again, as real processes; and how often it was started."""

    def __init__(self, folder: Path, code: int) -> None:
        self.started = 0
        self.log = folder / "dying.log"
        self._command = ("/bin/sh", "-c", f"echo its reason >&2; exit {code}")
        self._folder = folder
        self.kept = Kept("executor", self._start, self.log)

    def _start(self) -> SupervisedProcess:
        self.started += 1
        process = SupervisedProcess(SupervisedCommand(self._command, "TERM", self._folder, self.log))
        deadline = time.monotonic() + 30
        while process.running:
            assert time.monotonic() < deadline
        return process

    def look(self, now: float) -> str | None:
        return self.kept.look(now)


def test_it_is_started_again_less_and_less_soon_and_given_up_loudly(tmp_path: Path) -> None:
    dying, now = Dying(tmp_path, 1), 0.0
    for number in range(MOST_REVIVALS):
        pause = 2**number
        assert dying.look(now) == (
            f"The executor ended: its reason. It is started again in {pause} s ({number + 1} of {MOST_REVIVALS})."
        )
        assert dying.look(now + pause - 0.1) is None
        now += pause
        assert dying.look(now) == "The executor was started again."
    with pytest.raises(TryAgain, match=r"its reason\. It was started again 5 times in a row\. Its log is .*dying\.log"):
        dying.look(now)
    assert dying.started == 1 + MOST_REVIVALS


def test_wrong_settings_are_not_tried_again(tmp_path: Path) -> None:
    dying = Dying(tmp_path, 2)
    with pytest.raises(TryAgain, match="its reason"):
        dying.look(0.0)
    assert dying.started == 1


def test_who_lived_long_is_counted_anew(tmp_path: Path) -> None:
    log = tmp_path / "living.log"

    def start() -> SupervisedProcess:
        return SupervisedProcess(SupervisedCommand(("/bin/sleep", "600"), "TERM", tmp_path, log))

    kept = Kept("executor", start, log)
    now = 0.0
    for _ in range(MOST_REVIVALS + 2):
        assert kept.look(now) is None
        now += STEADY_SECONDS
        assert kept.look(now) is None
        kept.stop()
        said = kept.look(now)
        assert said is not None
        assert "started again in 1 s (1 of" in said
        now += 1
        assert kept.look(now) == "The executor was started again."
    kept.stop()
