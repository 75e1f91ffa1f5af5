"""The errors of the system, sorted by what the caller can do.

QueryFlowError
├── Refused            the request is wrong; saying it again changes nothing (HTTP 4xx, dead letter)
│   ├── NotFound       404
│   ├── NotAllowed     403
│   ├── Conflict       409
│   ├── Stale          412
│   ├── PreconditionRequired  428
│   └── Invalid        422, with every problem that was found
│       └── NotAvailable      422: the form is known, what stands behind it is not built
└── TryAgain           the moment is wrong; saying it again may succeed (HTTP 503, redelivered)

Anything else that is raised is a bug.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar


class Severity(StrEnum):
    """Whether a problem forbids running."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Fix:
    """A way to mend a problem: a title a person reads and a JSON merge patch (RFC 7396) of the flow document."""

    title: str
    patch: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a stable code, a dotted path into the document, a sentence that says how to mend it.

    Where a text is behind it, `line` and `column` (both from 1) say where in it: in the file if a file was read, else
    in the SQL.
    """

    code: str
    path: str
    message: str
    severity: Severity = Severity.ERROR
    fixes: tuple[Fix, ...] = ()
    line: int | None = None
    column: int | None = None


class QueryFlowError(Exception):
    """The root of what this system raises on purpose."""

    code: ClassVar[str] = "ERROR"


class Refused(QueryFlowError):
    """The request is refused, with a stable code, a sentence, and details that are safe to show."""

    code: ClassVar[str] = "REFUSED"

    def __init__(self, message: str, *, code: str | None = None, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = code or self.code
        self.details: Mapping[str, Any] = details or {}


class NotFound(Refused):
    """What was asked for does not exist, or is not yours to see."""

    code = "NOT_FOUND"


class NotAllowed(Refused):
    """You are known, and this is not yours to do."""

    code = "NOT_ALLOWED"


class Conflict(Refused):
    """The state of things forbids it now."""

    code = "CONFLICT"


class Stale(Refused):
    """What you are changing was changed since you read it."""

    code = "STALE"


class PreconditionRequired(Refused):
    """A change must say which state it is based on (If-Match)."""

    code = "PRECONDITION_REQUIRED"


class Invalid(Refused):
    """The document or the values are wrong; `problems` has all of it."""

    code = "INVALID"

    def __init__(self, message: str, problems: Iterable[Problem] = (), *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.problems = tuple(problems)


class NotAvailable(Invalid):
    """The request is well formed, but this part of the product is not available yet."""

    code = "NOT_AVAILABLE"


class TryAgain(QueryFlowError):
    """Not now: a server is away or a lock is held. Nothing was changed."""

    code = "TRY_AGAIN"
