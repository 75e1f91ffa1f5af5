"""What cannot be true of an attempt's end together does not construct."""

from datetime import timedelta
from typing import Any

import pytest

from executor.model.attempt import Failure
from executor.model.outcome import Cancelled, End, Failed, Retried, Skipped, Succeeded, TimedOut
from queryflow.domain.states import ErrorKind

REJECTED = Failure(ErrorKind.REJECTED, "no such table")
LATE = Failure(ErrorKind.TIMEOUT, "too long")


@pytest.mark.parametrize(("end", "said"), [
    (Succeeded, {}),
    (Succeeded, {"rows": 1, "failure": REJECTED}),
    (Succeeded, {"rows": 1, "wait": timedelta(seconds=1)}),
    (Succeeded, {"rows": 1, "result_key": "results/a.parquet"}),
    (Failed, {}),
    (Failed, {"failure": REJECTED, "rows": 1}),
    (Failed, {"failure": REJECTED, "wait": timedelta(seconds=1)}),
    (TimedOut, {}),
    (TimedOut, {"failure": REJECTED}),
    (Skipped, {"failure": REJECTED}),
    (Skipped, {"rows": 0}),
    (Cancelled, {"failure": REJECTED}),
    (Cancelled, {"wait": timedelta(seconds=1)}),
    (Retried, {"failure": REJECTED}),
    (Retried, {"wait": timedelta(seconds=1)}),
    (Retried, {"failure": REJECTED, "wait": timedelta(seconds=1), "rows": 1}),
])  # fmt: skip
def test_impossible_combinations_do_not_construct(end: type[End], said: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="argument"):
        end(**said)


def test_an_attempt_that_took_too_long_has_not_failed() -> None:
    with pytest.raises(ValueError, match="timed out"):
        Failed(failure=LATE)
    assert TimedOut(message="too long").failure == LATE
