"""Work on many things of which one may be bad: it harms no other, and is not passed over in silence."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import TypeVar

import structlog

from queryflow.process.transient_errors import is_transient

T = TypeVar("T")
log = structlog.get_logger()


async def try_each(items: Iterable[T], do: Callable[[T], Awaitable[object]]) -> None:
    """Do it for each of them, whatever becomes of the others; what went wrong is raised together at the end.

    A server that is away ends it at once: the others would fare no better.
    """
    problems: list[Exception] = []
    for item in items:
        try:
            await do(item)
        except Exception as problem:
            if is_transient(problem):
                raise
            problems.append(problem)
    if problems:
        raise ExceptionGroup("Some could not be done", problems)


async def together_or_each(items: Collection[T], do: Callable[[Collection[T]], Awaitable[object]]) -> None:
    """Do it for all of them at once; where that fails, for each by itself, as `try_each` does."""
    try:
        await do(items)
    except Exception as problem:
        if is_transient(problem) or len(items) < 2:
            raise
        log.warning("Work could not be done together; it is done one by one", action="apart", count=len(items),
                    error=type(problem).__name__)  # fmt: skip
        await try_each(items, lambda item: do([item]))


async def each_page(
    turn_page: Callable[[], Awaitable[Collection[T]]], do: Callable[[Collection[T]], Awaitable[object]]
) -> None:
    """As `together_or_each` for page after page, until one is empty; what went wrong is raised at the end."""
    problems: list[Exception] = []
    while page := await turn_page():
        try:
            await together_or_each(page, do)
        except Exception as problem:
            if is_transient(problem):
                raise
            problems.append(problem)
    if problems:
        raise ExceptionGroup("Some could not be done", problems)
