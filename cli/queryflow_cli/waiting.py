"""What the person reads while a command prepares."""

from rich.console import Console
from rich.status import Status


class Waiting:
    """A line on the terminal that says what is being waited for; it goes away when the waiting is over."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._status: Status | None = None

    def say(self, sentence: str) -> None:
        """Show this in place of what was shown before; nothing where standard error is no terminal."""
        if not self._console.is_terminal:
            return
        if self._status is None:
            self._status = self._console.status("")
            self._status.start()
        self._status.update(f"{sentence} …")

    def over(self) -> None:
        """Take the line away."""
        if self._status is not None:
            self._status.stop()
        self._status = None
