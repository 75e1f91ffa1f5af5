"""Where a command meets the person: exit codes, sentences instead of stack traces, Ctrl-C and SIGTERM."""

import asyncio
import signal
from collections.abc import Coroutine, Iterable
from typing import Any

import typer

from queryflow.domain.errors import Problem, QueryFlowError, Refused
from queryflow.domain.storable import is_storable

FAILED, REFUSED = 1, 2
INTERRUPTED, TERMINATED = 130, 143


def run_async(work: Coroutine[Any, Any, bool]) -> None:
    """Run the command's work to its end; the exit code says whether it succeeded."""
    import uvloop

    try:
        succeeded = uvloop.run(_ended_by_sigterm(work))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except asyncio.CancelledError:
        raise typer.Exit(TERMINATED) from None
    raise typer.Exit(0 if succeeded else FAILED)


def refuse_what_is_no_text(words: Iterable[str]) -> None:
    """Refuse words, such as the name of a file, that no document or database could hold."""
    for word in words:
        if not is_storable(word):
            raise Refused(f"{word!r} is not written in UTF-8; write it so, or rename the file.", code="NOT_TEXT")


def explain(error: QueryFlowError) -> None:
    """Say on standard error what was refused, with every problem."""
    from queryflow_cli.problems import problem_lines

    problems: tuple[Problem, ...] = getattr(error, "problems", ())
    typer.echo("\n".join([str(error), *problem_lines(problems)]), err=True)


async def _ended_by_sigterm(work: Coroutine[Any, Any, bool]) -> bool:
    """The work; SIGTERM cancels it as Ctrl-C does, so that what it started is put away."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
