"""What OpenAPI says of the refusals of a route."""

from collections.abc import Mapping
from typing import Any

from queryflow.http.errors import ErrorBody

MEANINGS: Mapping[int, str] = {
    403: "It is not yours to do",
    404: "There is no such thing, or not any more",
    409: "The state of things forbids it now; `error` says which",
    412: "It was changed since you read it",
    422: "Wrong values; `details.problems` has all of them",
    428: "Send the ETag you read as If-Match",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, each in the one shape of errors.

    Every route refuses a query parameter that it does not have (422). What any address may answer, whatever it does, is
    `default`.
    """
    return {status: {"model": ErrorBody, "description": MEANINGS[status]} for status in statuses}
