"""Consoles as all commands use them: as wide as the terminal, and without colour where none is wanted."""

import json
import os
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, RenderableType

WIDTH_OF_A_PIPE = 200


def without_colour() -> bool:
    """Whether the person asked for text without colour and other marks of style (https://no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))


def open_console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Standard output or error: as wide as the terminal, or wide enough for most tables in a pipe or a file."""
    chosen: dict[str, Any] = {"color_system": None} if without_colour() else {}
    console = Console(stderr=stderr, quiet=quiet, highlight=False, **chosen)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_OF_A_PIPE
    return console


def show(console: Console, *parts: RenderableType) -> None:
    """Print; in a pipe or a file without the blanks that fill a table's lines."""
    if console.is_terminal:
        _print(console, parts)
        return
    with console.capture() as captured:
        _print(console, parts)
    lines = captured.get().splitlines()
    console.out("\n".join(line.rstrip() for line in lines), highlight=False)


def _print(console: Console, parts: Iterable[RenderableType]) -> None:
    for part in parts:
        console.print(part)


def print_json(document: object) -> None:
    """Print the one object that `--json` promises."""
    print(json.dumps(document, ensure_ascii=False, indent=2))


def next_steps(steps: dict[str, str]) -> None:
    """Say on standard output what one may type next: each command with what it is for."""
    if not steps:
        return
    console = open_console()
    width = max(map(len, steps))
    lines = [f"  {command:<{width}}  {what}" for command, what in steps.items()]
    if max(map(len, lines)) > console.width:
        lines = [f"  {what}:\n    {command}" for command, what in steps.items()]
    console.print("Next:\n" + "\n".join(lines), markup=False, soft_wrap=True)


def is_dialogue() -> bool:
    """Whether somebody sits there: input and what asks them are both a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()
