"""What the person reads while a command prepares."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from queryflow_cli.terminal.console import open_console


@contextmanager
def waiting() -> Iterator["Waiting"]:
    """What is being waited for while the block runs."""
    line = Waiting()
    try:
        yield line
    finally:
        line.over()


class Waiting:
    """What is being waited for: on a terminal a line with the time it takes, gone at the end; else a line for each."""

    def __init__(self) -> None:
        self._console = open_console(stderr=True)
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._said: str | None = None

    def say(self, sentence: str) -> None:
        """Show this in place of what was shown before."""
        if self._console.is_terminal:
            self._show(sentence, None, 0)
        elif sentence != self._said:
            typer.echo(f"{sentence} …", err=True)
        self._said = sentence

    def count(self, sentence: str, done: int, total: int) -> None:
        """The same, for what can be counted."""
        if self._console.is_terminal:
            self._show(sentence, total, done)
        else:
            self.say(sentence)

    def over(self) -> None:
        """Take the line away."""
        if self._progress is not None:
            self._progress.stop()
        self._progress, self._task = None, None

    def _show(self, sentence: str, total: int | None, done: int) -> None:
        if self._said != sentence:
            self.over()
        if self._progress is None:
            columns = [SpinnerColumn(), TextColumn("{task.description} …"), TimeElapsedColumn()]
            bar = [] if total is None else [BarColumn(bar_width=24), TextColumn("{task.completed} of {task.total}")]
            self._progress = Progress(*columns[:2], *bar, columns[2], console=self._console, transient=True)
            self._task = self._progress.add_task(sentence, total=total)
            self._progress.start()
            self._said = sentence
        if self._task is not None:
            self._progress.update(self._task, completed=done)
