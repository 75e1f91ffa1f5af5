from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryflow.domain.flow.flow import Backoff, Retry
from queryflow.domain.flow.retry import next_attempt
from queryflow.domain.states import ErrorKind

NONE = timedelta(0)
retries = st.builds(
    Retry,
    attempts=st.integers(1, 20),
    backoff=st.sampled_from(Backoff),
    first_seconds=st.floats(0, 1_000),
    cap_seconds=st.floats(0, 1_000),
    jitter=st.floats(0, 1),
    total_seconds=st.none() | st.floats(0, 5_000),
)


@given(retries, st.integers(1, 25), st.floats(0, 6_000), st.floats(0, 1, exclude_max=True))
def test_a_wait_stays_within_every_bound(retry: Retry, attempt: int, seconds: float, random: float) -> None:
    elapsed = timedelta(seconds=seconds)
    wait = next_attempt(retry, attempt=attempt, kind=ErrorKind.TRANSIENT, elapsed=elapsed, random=random)
    if wait is None:
        assert attempt >= retry.attempts or retry.total_seconds is not None
        return
    assert attempt < retry.attempts
    assert NONE <= wait <= timedelta(seconds=retry.cap_seconds + 1e-6)
    if retry.total_seconds is not None:
        assert elapsed + wait <= timedelta(seconds=retry.total_seconds + 1e-6)


@pytest.mark.parametrize("kind", ErrorKind)
def test_only_transient_kinds_are_tried_again(kind: ErrorKind) -> None:
    wait = next_attempt(Retry(attempts=2), attempt=1, kind=kind, elapsed=NONE, random=0.5)
    assert (wait is not None) == kind.transient


def test_which_kinds_pass_by_themselves() -> None:
    """A result that is not there may be away only as long as its disk or its object store is."""
    transient = {kind.value for kind in ErrorKind if kind.transient}
    assert transient == {"THROTTLED", "TRANSIENT", "TIMEOUT", "RESULT_UNAVAILABLE"}


@pytest.mark.parametrize(
    ("backoff", "waits"),
    [(Backoff.EXPONENTIAL, [5, 10, 20, 40, 60, 60]), (Backoff.FIXED, [5, 5, 5, 5, 5, 5])],
)
def test_how_the_wait_grows(backoff: Backoff, waits: list[int]) -> None:
    retry = Retry(attempts=7, backoff=backoff, first_seconds=5, cap_seconds=60)
    grown = [
        next_attempt(retry, attempt=attempt, kind=ErrorKind.THROTTLED, elapsed=NONE, random=0.5)
        for attempt in range(1, 8)
    ]
    assert grown == [*(timedelta(seconds=wait) for wait in waits), None]


def test_jitter_spreads_both_ways() -> None:
    retry = Retry(attempts=2, first_seconds=10, jitter=0.5)
    waits = [
        next_attempt(retry, attempt=1, kind=ErrorKind.TIMEOUT, elapsed=NONE, random=dice) for dice in (0, 0.5, 0.75)
    ]
    assert waits == [timedelta(seconds=seconds) for seconds in (5, 10, 12.5)]


def test_no_attempt_begins_after_all_the_time_there_is() -> None:
    retry = Retry(attempts=5, first_seconds=10, jitter=0, total_seconds=12)
    waits = [
        next_attempt(retry, attempt=1, kind=ErrorKind.TRANSIENT, elapsed=timedelta(seconds=seconds), random=0)
        for seconds in (2, 3)
    ]
    assert waits == [timedelta(seconds=10), None]


@pytest.mark.parametrize("attempt", [1, 2, 5])
def test_no_dice_make_a_wait_longer_than_the_cap(attempt: int) -> None:
    retry = Retry(attempts=9, first_seconds=50, cap_seconds=60, jitter=1)
    wait = next_attempt(retry, attempt=attempt, kind=ErrorKind.TRANSIENT, elapsed=NONE, random=0.999)
    assert wait == timedelta(seconds=60)
