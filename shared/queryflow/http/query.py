"""Query parameters that a route does not have: a misspelt one would change nothing, and nobody would notice."""

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant

from queryflow.domain.errors import Invalid, Problem


async def refuse_unknown_query(request: Request) -> None:
    """Pass, or raise Invalid with every query parameter that the route does not take."""
    if not request.scope["query_string"]:
        return
    known = sorted(_query_names(request.scope["route"].dependant))
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise Invalid("The address has unknown query parameters.", [_problem(name, known) for name in unknown])


def _query_names(dependant: Dependant) -> Iterator[str]:
    """The query parameters of a route and of everything it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for needed in dependant.dependencies:
        yield from _query_names(needed)


def _problem(name: str, known: list[str]) -> Problem:
    offer = f"there are: {', '.join(known)}" if known else "there are none"
    return Problem("UNKNOWN_PARAMETER", f"query.{name}", f"There is no query parameter {name} here; {offer}.")
