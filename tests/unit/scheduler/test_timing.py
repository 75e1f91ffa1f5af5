"""When schedules are due, checked against an oracle that walks minute by minute."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.rules.timing import (
    MOST_BEFORE_WINDOW,
    NOBODY_THERE,
    SUPERSEDED,
    Rhythm,
    ScheduleError,
    due_fires,
    due_times,
    next_fire,
)
from tests.unit.scheduler.oracle import due_minutes, jumps

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def number(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(str)


def field(low: int, high: int) -> st.SearchStrategy[str]:
    numbers = number(low, high)
    spans = st.tuples(st.integers(low, high), st.integers(low, high)).map(lambda two: f"{min(two)}-{max(two)}")
    return st.one_of(numbers, spans, st.lists(numbers, min_size=2, max_size=3).map(",".join), st.just("*"))


def stepped(low: int, high: int) -> st.SearchStrategy[str]:
    return st.one_of(field(low, high), st.sampled_from([2, 5, 7, 15, 30]).map("*/{}".format))


CRONS = st.builds(
    "{} {} {} {} {}".format,
    stepped(0, 59),
    stepped(0, 23).filter(lambda hour: hour not in {"*/30"}),
    st.one_of(st.just("*"), st.just("*"), field(1, 28)),
    st.just("*"),
    st.one_of(st.just("*"), st.just("*"), field(0, 6)),
)


@st.composite
def days_around_a_jump(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone and a moment within a day before its clock changes; any day where it never does."""
    name = draw(st.sampled_from(ZONES))
    year = draw(st.integers(2000, 2037))
    days = jumps(ZoneInfo(name), year) or [datetime(year, 3, 15, tzinfo=UTC)]
    return name, draw(st.sampled_from(days)) - timedelta(minutes=draw(st.integers(0, 1_440)))


@settings(max_examples=60, deadline=None)
@given(cron=CRONS, place=days_around_a_jump())
def test_due_times_are_those_of_a_cron_that_looks_every_minute(cron: str, place: tuple[str, datetime]) -> None:
    name, begin = place
    end = begin + 2 * DAY
    expected = due_minutes(cron, ZoneInfo(name), begin + timedelta(minutes=1), end)
    found = takewhile(lambda moment: moment < end, due_times(Rhythm(cron, name), begin))
    assert list(found) == expected


@settings(max_examples=60, deadline=None)
@given(cron=CRONS, place=days_around_a_jump(), seconds=st.integers(0, 200_000), microseconds=st.integers(0, 999_999))
def test_the_next_due_time_is_later_whatever_the_moment(
    cron: str, place: tuple[str, datetime], seconds: int, microseconds: int
) -> None:
    name, begin = place
    moment = begin + timedelta(seconds=seconds, microseconds=microseconds)
    following = next_fire(Rhythm(cron, name), moment)
    assert following > moment
    assert following.tzinfo is UTC
    assert following.second == following.microsecond == 0


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        ("30 2 * * *", "America/New_York", "2026-03-08T05:00", "2026-03-08T07:00"),  # 02:30 does not exist: 03:00
        ("30 1 * * *", "America/New_York", "2026-11-01T05:30", "2026-11-02T06:30"),  # the second 01:30 is not due
        ("0 * * * *", "America/New_York", "2026-11-01T05:00", "2026-11-01T06:00"),  # both 01:00 are
        ("1 * * * *", "America/St_Johns", "2000-10-29T01:31", "2000-10-29T02:31"),  # back over midnight: 00:01 to 23:01
        ("0 * * * *", "America/St_Johns", "2000-10-29T01:30", "2000-10-29T02:30"),
        ("0 * * * *", "America/St_Johns", "2000-10-29T02:30", "2000-10-29T03:30"),
        ("* 0 * * *", "Australia/Lord_Howe", "2000-03-26T12:00", "2000-03-26T13:30"),  # back by half an hour
        ("* */2 * * *", "America/St_Johns", "2000-04-02T03:30", "2000-04-02T04:30"),  # from 00:01 to 01:01
        ("30 9 * * *", "Pacific/Apia", "2011-12-30T00:00", "2011-12-30T10:00"),  # the 30th never came
        ("30 9 * * *", "Pacific/Apia", "2011-12-30T10:00", "2011-12-30T19:30"),
        ("0 9 * * 1", "Europe/Berlin", "2026-11-22T12:00", "2026-11-23T08:00"),
        ("0 0 29 2 *", "UTC", "2026-01-01", "2028-02-29T00:00"),
        ("0 0 * * 5L", "UTC", "2026-11-01", "2026-11-27T00:00"),
    ],
)
def test_days_to_remember(cron: str, zone: str, after: str, expected: str) -> None:
    assert next_fire(Rhythm(cron, zone), at(after)) == at(expected)


@pytest.mark.parametrize(
    ("cron", "zone"),
    [
        ("0 0 31 2 *", "UTC"),
        ("* * * * * *", "UTC"),
        ("* * * *", "UTC"),
        ("@daily", "UTC"),
        ("61 * * * *", "UTC"),
        ("", "UTC"),
        ("* * * * *", "Europe/Atlantis"),
        ("* * * * *", "../../etc/passwd"),
        ("* * * * *", "Europe"),
        ("* * * * *", ""),
    ],
)
def test_what_cannot_tell_its_next_due_time_says_why(cron: str, zone: str) -> None:
    with pytest.raises(ScheduleError, match=r"\w+"):
        next_fire(Rhythm(cron, zone), at("2026-11-22"))


HOURLY = Rhythm("0 * * * *", "UTC")


def test_a_due_time_that_just_came_is_answered() -> None:
    due = due_fires(HOURLY, at("2026-11-22T10:00"), at("2026-11-22T10:00:00.7"), DAY)
    assert [(time.at, time.skipped) for time in due.times] == [(at("2026-11-22T10:00"), None)]
    assert due.next_fire_at == at("2026-11-22T11:00")


def test_of_those_missed_the_last_is_answered_and_the_others_say_why_not() -> None:
    due = due_fires(HOURLY, at("2026-11-22T07:00"), at("2026-11-22T10:30"), DAY)
    assert [time.at.hour for time in due.times] == [7, 8, 9, 10]
    assert [time.skipped for time in due.times] == [SUPERSEDED, SUPERSEDED, SUPERSEDED, None]
    assert due.next_fire_at == at("2026-11-22T11:00")


def test_what_lies_before_the_window_is_not_answered() -> None:
    daily = Rhythm("0 6 * * *", "UTC")
    due = due_fires(daily, at("2026-11-20T06:00"), at("2026-11-22T05:00"), 12 * HOUR)
    assert [time.skipped for time in due.times] == [NOBODY_THERE, NOBODY_THERE]
    assert due.next_fire_at == at("2026-11-22T06:00")


def test_a_year_of_missed_minutes_is_cut_short_and_says_so() -> None:
    due = due_fires(Rhythm("* * * * *", "UTC"), at("2025-11-22"), at("2026-11-22"), HOUR)
    before, within = due.times[:MOST_BEFORE_WINDOW], due.times[MOST_BEFORE_WINDOW:]
    assert [time.skipped for time in before[:-1]] == [NOBODY_THERE] * (MOST_BEFORE_WINDOW - 1)
    assert "not listed" in (before[-1].skipped or "")
    assert len(within) == 60
    assert within[-1].skipped is None


@settings(max_examples=60, deadline=None)
@given(cron=CRONS, place=days_around_a_jump(), late=st.timedeltas(timedelta(0), 4 * DAY))
def test_every_due_time_is_accounted_for_once(cron: str, place: tuple[str, datetime], late: timedelta) -> None:
    rhythm = Rhythm(cron, place[0])
    first = next_fire(rhythm, place[1])
    now = first + late
    due = due_fires(rhythm, first, now, DAY)
    times = [time.at for time in due.times]
    assert times[0] == first
    assert all(next_fire(rhythm, earlier) == later for earlier, later in list(pairwise(times))[:20])
    assert times[-1] <= now < due.next_fire_at
    assert next_fire(rhythm, times[-1]) == due.next_fire_at or len(times) >= MOST_BEFORE_WINDOW
    answered = [time.at for time in due.times if time.skipped is None]
    assert answered == [moment for moment in times[-1:] if moment > now - DAY]
