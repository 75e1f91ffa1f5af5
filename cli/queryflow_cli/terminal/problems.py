"""Problems as the command line prints them: two lines for people, one object for programs."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rich.text import Text

from queryflow.domain.errors import Problem, Severity
from queryflow_cli.terminal.console import open_console

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def print_problems(problems: Iterable[Problem], *, stderr: bool = True) -> None:
    """Print each problem: how bad, where, what, and what would mend it."""
    console = open_console(stderr=stderr)
    for problem in problems:
        console.print(_lines(problem), soft_wrap=True)


def _lines(problem: Problem) -> Text:
    mark = Text(f"{problem.severity} {problem.code}", style=COLOURS[problem.severity])
    where = f" at {problem.path or 'the file'}"
    place = "" if problem.line is None else f" (line {problem.line}, column {problem.column})"
    fixes = "".join(f"\n  → {fix.title}" for fix in problem.fixes)
    return mark + Text(f"{where}{place}\n  {problem.message.removesuffix(place)}{fixes}")


def problem_document(problem: Problem) -> dict[str, Any]:
    """A problem as JSON, as the API has it."""
    return asdict(problem)
