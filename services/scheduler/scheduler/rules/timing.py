"""When a schedule is due: five cron fields in a time zone, as Debian's cron reads them. Pure.

Where the clock jumps forward, what was due in the gap is due right after it; where an hour comes twice, a fixed time is
due in the first one only, and a schedule whose minute or hour is a star follows the time that really passes.
CronSim reads the fields and finds the days; across jumps of less than an hour it would lose due times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from heapq import merge
from itertools import chain, islice, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from scheduler.process.clock import Clock

FIELDS = 5
MOST_BEFORE_WINDOW = 1_000
"""Of the due times missed before the window no more become rows; the last of these says so."""
ANY_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
"""How the fields are read does not depend on when."""

NOBODY_THERE = "no scheduler ran when it was due"
ALSO_SKIPPED = NOBODY_THERE + "; neither at the due times that follow, until {until}, which are not listed"
SUPERSEDED = NOBODY_THERE + "; a later due time was answered instead"


class ScheduleError(Exception):
    """The schedule cannot tell its next due time; the message says why."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a schedule is due, in the words of its author."""

    cron: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class DueTime:
    """A due time that came: to be answered, or skipped for a reason."""

    at: datetime
    skipped: str | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """All due times that came, in order, and the next one."""

    times: tuple[DueTime, ...]
    next_fire_at: datetime


def next_fire(rhythm: Rhythm, after: datetime) -> datetime:
    """The first due time later than `after`, in UTC; ScheduleError if there is none within fifty years."""
    return next(due_times(rhythm, after))


def due_times(rhythm: Rhythm, after: datetime) -> Iterator[datetime]:
    """Due times in UTC, each later than the one before, the first later than `after`."""
    for at in _in_order(rhythm, after):
        if at > after:
            yield at
            after = at
    raise ScheduleError(f"{rhythm.cron!r} is not due again within fifty years")


def _in_order(rhythm: Rhythm, after: datetime) -> Iterator[datetime]:
    """Due times in order, some twice. Where the clock is put back over midnight, a day lies within another."""
    clock = _clock_of(rhythm)
    held: list[datetime] = []
    # What was due in a gap before midnight is due on the day after it.
    for day in _days(rhythm, after.astimezone(clock.zone).date() - timedelta(days=1)):
        if clock.is_plain(day):
            yield from merge(held, clock.times_on(day, after))
            held = []
        else:
            begin = clock.begin(day)
            yield from (at for at in held if at < begin)
            held = sorted([at for at in held if at >= begin] + list(clock.times_on(day, after)))
    yield from held


def due_fires(rhythm: Rhythm, first: datetime, now: datetime, window: timedelta) -> Due:
    """What became of the due times from `first` until `now`: the last one is answered if it lies in the window.

    All others are skipped with the reason, at most a thousand of those before the window. `now` is not before `first`.
    """
    begin = now - window
    times = chain([first], due_times(rhythm, first))
    before = list(islice(takewhile(lambda at: at <= begin, times), MOST_BEFORE_WINDOW))
    within = _between(rhythm, first, begin, now)
    skipped = [*_before_window(before, begin), *(DueTime(at, SUPERSEDED) for at in within[:-1])]
    answered = [DueTime(at) for at in within[-1:]]
    return Due((*skipped, *answered), next_fire(rhythm, now))


def _between(rhythm: Rhythm, first: datetime, begin: datetime, now: datetime) -> list[datetime]:
    """The due times after `begin` and until `now`, none earlier than `first`."""
    times = due_times(rhythm, begin) if begin >= first else chain([first], due_times(rhythm, first))
    return list(takewhile(lambda at: at <= now, times))


def _before_window(times: list[datetime], begin: datetime) -> Iterator[DueTime]:
    cut = len(times) == MOST_BEFORE_WINDOW
    for number, at in enumerate(times, start=1):
        last_of_cut = cut and number == len(times)
        yield DueTime(at, ALSO_SKIPPED.format(until=begin.isoformat()) if last_of_cut else NOBODY_THERE)


def _days(rhythm: Rhythm, first: date) -> Iterator[date]:
    """The days on which the schedule is due, from `first` on."""
    _, _, *fields = rhythm.cron.split()
    before = datetime.combine(first, time(), UTC) - timedelta(seconds=1)
    return (midnight.date() for midnight in CronSim(" ".join(("0", "0", *fields)), before))


@lru_cache(maxsize=4_096)
def _clock_of(rhythm: Rhythm) -> Clock:
    fields = rhythm.cron.split()
    if len(fields) != FIELDS:
        raise ScheduleError(f"{rhythm.cron!r} does not have five fields: minute, hour, day, month, weekday")
    try:
        read = CronSim(rhythm.cron, ANY_MOMENT)
    except CronSimError as error:
        raise ScheduleError(f"{rhythm.cron!r} cannot be read: {error}") from error
    times = tuple(time(hour, minute) for hour in sorted(read.hours) for minute in sorted(read.minutes))
    follows_time = fields[0].startswith("*") or fields[1].startswith("*")
    return Clock(times, follows_time, _zone(rhythm.time_zone))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleError(f"{name!r} is no time zone that this machine knows") from error
