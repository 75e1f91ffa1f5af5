"""Ctrl-C while one waits for an execution: leave it running, or cancel it."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

import typer

from queryflow_cli.terminal.console import is_dialogue
from queryflow_cli.usecases.session import Session

QUESTION = "Leave it running, or cancel it? [L/c] "


class Answer(StrEnum):
    """What becomes of an execution whose watcher goes."""

    LEAVE = "leave"
    CANCEL = "cancel"


@asynccontextmanager
async def interrupts() -> AsyncIterator[asyncio.Event]:
    """An event that Ctrl-C sets while the block runs, instead of ending the command."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, asked.set)
    try:
        yield asked
    finally:
        loop.remove_signal_handler(signal.SIGINT)


async def ask(session: Session, asked: asyncio.Event) -> Answer:
    """What the person chooses; where nobody can be asked the execution is left running.

    In a throw-away home nothing can go on, so it is cancelled. A second Ctrl-C leaves it, too.
    """
    if session.ephemeral:
        return Answer.CANCEL
    if not is_dialogue():
        return Answer.LEAVE
    asked.clear()
    typer.echo(QUESTION, nl=False, err=True)
    said = await _line(asked)
    return Answer.CANCEL if said.strip().lower() in {"c", "cancel"} else Answer.LEAVE


def left_running(session: Session, execution_id: str) -> str:
    """What became of an execution that was left, and how to come back to it."""
    watch = f"{session.command} watch {execution_id}{session.words}"
    cancel = f"{session.command} cancel {execution_id}{session.words}"
    if session.own:
        up = f"{session.command} up{session.words}"
        return f"Left: it stops with this command, and continues once QueryFlow runs here again ({up}).\n{watch}"
    return f"Left running.\nFollow it: {watch}\nEnd it:    {cancel}"


async def _line(asked: asyncio.Event) -> str:
    """A line from the terminal; nothing at its end, or when Ctrl-C comes."""
    loop = asyncio.get_running_loop()
    typed = asyncio.Event()
    loop.add_reader(sys.stdin, typed.set)
    waiting = [asyncio.create_task(each.wait()) for each in (typed, asked)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        return sys.stdin.readline() if typed.is_set() else ""
    finally:
        loop.remove_reader(sys.stdin)
        for each in waiting:
            each.cancel()
        if asked.is_set():
            typer.echo("", err=True)
