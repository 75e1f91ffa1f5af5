"""What a log record must not hold."""

import asyncpg
import pytest
import structlog
from sqlalchemy.exc import IntegrityError

from queryflow.process.logs import hide_rows

DETAIL = "Failing row contains (7, canary\n\ncanary)."
REFUSED = asyncpg.CheckViolationError.new({"C": "23514", "M": "new row violates a constraint", "D": DETAIL})


def raised(problem: Exception) -> Exception:
    with pytest.raises(type(problem)) as caught:
        raise problem
    return caught.value


@pytest.mark.parametrize(
    "problem",
    [
        raised(REFUSED),
        raised(IntegrityError("INSERT INTO things", None, REFUSED, hide_parameters=True)),
        raised(ExceptionGroup("two", [REFUSED, ValueError("another")])),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_the_row_that_a_database_refused_is_not_logged(problem: Exception) -> None:
    problem.__cause__ = REFUSED
    record = structlog.processors.format_exc_info(None, "error", {"event": "It failed", "exc_info": problem})
    assert "canary" in record["exception"]
    shown = hide_rows(None, "error", record)
    assert "canary" not in shown["exception"]
    assert "new row violates a constraint" in shown["exception"]
    assert type(problem).__name__ in shown["exception"]
    assert shown["event"] == "It failed"
