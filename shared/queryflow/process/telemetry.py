"""Trace context (https://www.w3.org/TR/trace-context/): an execution is a trace, a message is a span of it.

The trace id of whatever belongs to an execution is the execution's own id. So every message and every request about
it joins one trace even where a batch mixes executions, and nobody has to carry the id along.
"""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$")
_current: ContextVar[str | None] = ContextVar("queryflow_traceparent", default=None)


def new_traceparent(correlation_id: UUID | None) -> str:
    """A new span: of the execution's trace, else of the trace this task works in, else of a new one."""
    trace = correlation_id.hex if correlation_id else _current_trace() or _digits(128)
    return f"00-{trace}-{_digits(64)}-01"


def valid_traceparent(value: object) -> str | None:
    """The value if it is a traceparent, else None: what others send is never trusted to be one."""
    return value if isinstance(value, str) and _TRACEPARENT.match(value) else None


@contextmanager
def working_for(traceparent: str | None) -> Iterator[None]:
    """Inside it, new spans without an execution belong to that trace."""
    token = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(token)


def _digits(bits: int) -> str:
    """A random identifier in hexadecimal, never zero. No secret: a system call for each message would be waste."""
    return f"{random.getrandbits(bits) | 1:0{bits // 4}x}"


def _current_trace() -> str | None:
    match = _TRACEPARENT.match(_current.get() or "")
    return match.group(1) if match else None
