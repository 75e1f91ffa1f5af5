"""Whether a failed attempt is followed by another, and after how long."""

from datetime import timedelta

from queryflow.domain.flow.flow import Backoff, Retry
from queryflow.domain.states import ErrorKind


def next_attempt(retry: Retry, *, attempt: int, kind: ErrorKind, elapsed: timedelta, random: float) -> timedelta | None:
    """How long to wait before the attempt after `attempt` (1 is the first); None if there is none.

    Only transient kinds are tried again, `retry.attempts` times in all, and never so late that the new attempt would
    begin more than `total_seconds` after the first one began. `elapsed` counts from there to now; `random` (0 ≤ r < 1)
    is the caller's dice for the jitter.
    """
    if not kind.transient or attempt >= retry.attempts:
        return None
    wait = _wait_seconds(retry, attempt, random)
    if retry.total_seconds is not None and elapsed.total_seconds() + wait > retry.total_seconds:
        return None
    return timedelta(seconds=wait)


def _wait_seconds(retry: Retry, attempt: int, random: float) -> float:
    growth: int = 2 ** (attempt - 1) if retry.backoff is Backoff.EXPONENTIAL else 1
    bounded = min(retry.first_seconds * growth, retry.cap_seconds)
    jittered = bounded * (1 + retry.jitter * (2 * random - 1))
    return min(jittered, retry.cap_seconds)
