"""Where a command meets the person: exit codes, sentences instead of stack traces, Ctrl-C and SIGTERM.

0: it went well. 1: it ran, and what ran failed (or `validate` found errors). 2: refused, with a sentence; nothing was
done. 3: a defect of ours. 130: Ctrl-C, 143: SIGTERM.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Never

import typer

from queryflow.domain.errors import Problem, QueryFlowError, Refused, TryAgain
from queryflow.domain.resource_errors import DISK_FULL
from queryflow.domain.storable import is_storable

FAILED, REFUSED, DEFECT = 1, 2, 3
INTERRUPTED, TERMINATED = 130, 143
JSON = "--json"
TRACE = "QUERYFLOW_TRACE"
USAGE: type[Exception] = typer.BadParameter.__mro__[1]
"""What every wrong way to call a command is."""


class Interrupted(Exception):
    """Ctrl-C was answered; the message says what became of the execution."""

    def __init__(self, message: str, execution_id: str) -> None:
        super().__init__(message)
        self.details = {"execution_id": execution_id}


def run_app(app: Callable[..., Any]) -> Never:
    """Run the command line; whatever goes wrong is a sentence, or an object on standard output where JSON was asked."""
    as_json = JSON in sys.argv
    try:
        refuse_what_is_no_text(sys.argv[1:])
        code = app(prog_name="queryflow", standalone_mode=not as_json)
    except QueryFlowError as error:
        code = explain(error, as_json=as_json)
    except OSError as error:
        code = _explain_os_error(error, as_json=as_json)
    except Interrupted as error:
        code = _interrupted(error, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - a person is shown a sentence, whatever happened
        if not isinstance(error, USAGE):
            code = _explain_defect(error, as_json=as_json)
        else:
            code = _say(error.format_message(), "USAGE", REFUSED, as_json=as_json)  # type: ignore[attr-defined]  # its class is typer's own
    raise SystemExit(code or 0)


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


def explain(error: QueryFlowError, *, as_json: bool = False) -> int:
    """Say what was refused, with every problem; the exit code."""
    from queryflow_cli.terminal.problems import print_problems, problem_document

    problems: tuple[Problem, ...] = getattr(error, "problems", ())
    if as_json:
        details = {"problems": [problem_document(each) for each in problems]} if problems else {}
        print(error_json(getattr(error, "error_code", error.code), str(error), details))
    else:
        if str(error) not in {each.message for each in problems}:
            typer.echo(str(error), err=True)
        print_problems(problems)
    return REFUSED


def error_json(code: str, message: str, details: dict[str, Any]) -> str:
    """What is refused, in the one shape of the API and the command line."""
    return json.dumps({"error": code, "message": message, "details": details}, ensure_ascii=False, indent=2)


def _interrupted(error: Interrupted, *, as_json: bool) -> int:
    if as_json:
        print(error_json("INTERRUPTED", str(error), error.details))
    else:
        typer.echo(str(error), err=True)
    return INTERRUPTED


def _say(message: str, code: str, exit_code: int, *, as_json: bool) -> int:
    if as_json:
        print(error_json(code, message, {}))
    else:
        typer.echo(message, err=True)
    return exit_code


def _explain_os_error(error: OSError, *, as_json: bool) -> int:
    if error.errno in DISK_FULL:
        sentence = f"The disk is full: {error.filename or 'a file'} could not be written. Make room there."
        return explain(TryAgain(sentence), as_json=as_json)
    return _explain_defect(error, as_json=as_json)


def _explain_defect(error: Exception, *, as_json: bool) -> int:
    if os.environ.get(TRACE):
        raise error
    sentence = f"This should not have happened: {type(error).__name__}: {error}. With {TRACE}=1 it says where."
    return _say(sentence, "INTERNAL", DEFECT, as_json=as_json)


async def _ended_by_sigterm(work: Coroutine[Any, Any, bool]) -> bool:
    """The work; SIGTERM cancels it as Ctrl-C does, so that what it started is put away."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
