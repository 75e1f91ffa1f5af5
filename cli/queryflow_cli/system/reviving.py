"""A service's process that is restarted when it dies, after longer and longer pauses, a bounded number of times."""

from collections.abc import Callable
from pathlib import Path

from queryflow.domain.errors import TryAgain
from queryflow_cli.servers.supervised_process import SupervisedProcess
from queryflow_cli.terminal.last_words import last_words

MOST_REVIVALS = 5
"""Restarts in a row; after that something is wrong that another start does not mend."""
STEADY_SECONDS = 60.0
"""A process that ran for so long died of something new."""
WRONG_SETTINGS = 2


class Kept:
    """A service's process that is kept running: call `look` regularly."""

    def __init__(self, name: str, start: Callable[[], SupervisedProcess], log: Path) -> None:
        self._name = name
        self._start = start
        self._log = log
        self._process = start()
        self._started_at: float | None = None
        self._again_at: float | None = None
        self._revivals = 0

    def look(self, now: float) -> str | None:
        """Start it again if it died and its pause is over; a sentence when something happened.

        TryAgain when it died too often in a row, or cannot start with these settings.
        """
        if self._started_at is None:
            self._started_at = now
        if self._process.running:
            if now - self._started_at >= STEADY_SECONDS:
                self._revivals = 0
            return None
        if self._again_at is None:
            return self._mourn(now)
        return self._revive(now) if now >= self._again_at else None

    def stop(self) -> None:
        """End it."""
        self._process.stop()

    def _mourn(self, now: float) -> str:
        died = f"The {self._name} ended: {last_words(self._log)}"
        if self._process.code == WRONG_SETTINGS:
            raise TryAgain(f"{died} Its log is {self._log}.")
        if self._revivals == MOST_REVIVALS:
            raise TryAgain(f"{died} It was started again {MOST_REVIVALS} times in a row. Its log is {self._log}.")
        seconds = 2**self._revivals
        self._revivals += 1
        self._again_at = now + seconds
        return f"{died} It is started again in {seconds} s ({self._revivals} of {MOST_REVIVALS})."

    def _revive(self, now: float) -> str:
        self._process = self._start()
        self._started_at, self._again_at = now, None
        return f"The {self._name} was started again."
