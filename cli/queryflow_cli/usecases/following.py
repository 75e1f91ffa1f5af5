"""Shows how an execution goes while one waits for its end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.live import Live
from rich.table import Table

from queryflow_cli.client.calls.asking import Document
from queryflow_cli.terminal.console import open_console
from queryflow_cli.terminal.report import NARROW, node_table

ENDED = frozenset({"succeeded", "reused", "failed", "timed_out", "cancelled", "skipped"})
SAID_AFTER = (2, 5, 10, 20, 30, 60)
"""Seconds after which a line is written where there is no terminal; then one a minute."""
NAMED = 5
"""Nodes that such a line names."""


class Following:
    """A table that moves on a terminal; in a pipe a line now and then, and none for what ends within two seconds."""

    def __init__(self) -> None:
        self._console = open_console(stderr=True)
        self._began = time.monotonic()
        self._since: dict[str, float] = {}
        self._execution: Document | None = None
        self._lines = 0

    @contextmanager
    def shown(self, *, table: bool) -> Iterator[None]:
        """Show what there is while the block runs; without a table nothing moves on the terminal."""
        if not (table and self._console.is_terminal):
            yield
            return
        with Live(get_renderable=self._table, console=self._console, transient=True, refresh_per_second=4):
            yield

    def take(self, execution: Document) -> None:
        """Take the execution as it stands now."""
        self._execution = execution
        now = time.monotonic()
        running = [node["node_id"] for node in execution["nodes"] if node["state"] == "running"]
        self._since = {name: self._since.get(name, now) for name in running}

    def tick(self) -> None:
        """Write a line where there is no terminal and it is time for one."""
        seconds = time.monotonic() - self._began
        if self._execution is None or self._console.is_terminal or seconds < self._next():
            return
        self._lines += 1
        typer.echo(self.line(), err=True)

    def line(self) -> str:
        """How it goes, in one line."""
        nodes = [] if self._execution is None else self._execution["nodes"]
        ended = sum(node["state"] in ENDED for node in nodes)
        running = [f"{name} ({seconds:.0f} s)" for name, seconds in self._running().items()]
        more = f" and {len(running) - NAMED} others" if len(running) > NAMED else ""
        waiting = sum(node["state"] in {"ready", "waiting"} for node in nodes)
        words = [f"{ended} of {len(nodes)} nodes have ended"]
        words += [f"running: {', '.join(running[:NAMED])}{more}"] if running else []
        words += [f"{waiting} wait for a place"] if waiting else []
        return f"After {time.monotonic() - self._began:.0f} s: {'; '.join(words)}."

    def _next(self) -> float:
        if self._lines < len(SAID_AFTER):
            return SAID_AFTER[self._lines]
        return SAID_AFTER[-1] * (self._lines - len(SAID_AFTER) + 2)

    def _table(self) -> Table | str:
        return (
            ""
            if self._execution is None
            else node_table(self._execution, self._running(), narrow=self._console.width < NARROW)
        )

    def _running(self) -> dict[str, float]:
        now = time.monotonic()
        return {name: now - since for name, since in self._since.items()}
