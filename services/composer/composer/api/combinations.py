"""Combinations of templates over HTTP: what they become is a composition."""

from fastapi import Response

from composer.api.answers import refusals
from composer.api.compositions import written
from composer.api.dependencies import InTransaction, Person
from composer.api.shapes import CompositionAnswer
from composer.usecases import combinations as usecases
from composer.usecases.combinations import CombinationDocument
from queryflow.runtime.http import new_router

router = new_router("/api/combinations", "compositions")


@router.post(
    "",
    status_code=201,
    response_model=CompositionAnswer,
    responses=refusals(409, 422),
    summary="Make a composition of a combination",
)
async def create_from_combination(
    transaction: InTransaction, person: Person, document: CombinationDocument
) -> Response:
    """Save a flow that runs the templates one after the other; shared values become flow parameters."""
    return written(await usecases.create_from_combination(transaction, person, document), status=201)
