"""Problems as the command line prints them: two lines for people, one object for programs."""

from collections.abc import Iterable

import typer

from queryflow.domain.errors import Problem, Severity

COLOURS = {Severity.ERROR: typer.colors.RED, Severity.WARNING: typer.colors.YELLOW}


def problem_lines(problems: Iterable[Problem]) -> list[str]:
    """Each problem: how bad, where, what, and what would mend it; `typer.echo` takes the colours out of a pipe."""
    lines = []
    for problem in problems:
        mark = typer.style(f"{problem.severity} {problem.code}", fg=COLOURS[problem.severity])
        lines += [f"{mark} at {problem.path or 'the flow'}", f"  {problem.message}"]
        lines += [f"  → {fix.title}" for fix in problem.fixes]
    return lines


def problem_document(problem: Problem) -> dict[str, str]:
    """A problem as JSON."""
    return {
        "code": problem.code,
        "path": problem.path,
        "message": problem.message,
        "severity": problem.severity.value,
    }
