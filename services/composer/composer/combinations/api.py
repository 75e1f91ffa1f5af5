"""Combinations of templates over HTTP: what they become is a composition."""

from fastapi import Response

from composer.combinations import usecases
from composer.combinations.usecases import CombinationDocument
from composer.compositions.api import written
from composer.compositions.schemas import CompositionAnswer
from composer.web.dependencies import InTransaction
from queryflow.http.app import new_router
from queryflow.http.refusals import refusals

router = new_router("/api/combinations", "compositions")


@router.post(
    "",
    status_code=201,
    response_model=CompositionAnswer,
    responses=refusals(409, 422),
    summary="Make a composition of a combination",
)
async def create_from_combination(transaction: InTransaction, document: CombinationDocument) -> Response:
    """Save a flow that runs the templates one after the other; shared values become flow parameters."""
    return written(await usecases.create_from_combination(transaction, document), status=201)
