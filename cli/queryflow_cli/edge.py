"""Where a command meets the person: exit codes, sentences instead of stack traces, Ctrl-C."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

import typer
import uvloop
from rich.console import Console

from queryflow.domain.errors import Problem, QueryFlowError
from queryflow_cli.report import print_problems

FAILED, REFUSED, INTERRUPTED = 1, 2, 130


def run_async(work: Coroutine[Any, Any, bool]) -> None:
    """Run the command's work to its end; the exit code says whether it succeeded."""
    try:
        succeeded = uvloop.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(INTERRUPTED) from None
    except QueryFlowError as error:
        explain(error)
        raise typer.Exit(REFUSED) from None
    raise typer.Exit(0 if succeeded else FAILED)


def explain(error: QueryFlowError) -> None:
    """Say on standard error what was refused, with every problem."""
    print(error, file=sys.stderr)
    problems: tuple[Problem, ...] = getattr(error, "problems", ())
    print_problems(Console(stderr=True), problems)
