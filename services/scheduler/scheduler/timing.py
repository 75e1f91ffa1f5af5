"""When a schedule is due: five cron fields in a time zone, as Debian's cron reads them. Pure.

Where the clock jumps forward, what was due in the gap is due right after it; where an hour comes twice, a fixed time is
due in the first one only, and a schedule whose minute or hour is a star follows the time that really passes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, islice, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

FIELDS = 5
MOST_BEFORE_WINDOW = 1_000
"""Of the due times missed before the window no more become rows; the last of these says so."""
MOST_STEPS_BACK = 1_440
"""A day of minutes: in no zone an hour that comes twice holds more due times."""

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
    return next(_due_times(rhythm, after))


def due_fires(rhythm: Rhythm, first: datetime, now: datetime, window: timedelta) -> Due:
    """What became of the due times from `first` until `now`: the last one is answered if it lies in the window.

    All others are skipped with the reason, at most a thousand of those before the window.
    """
    begin = now - window
    times = chain([first], _due_times(rhythm, first))
    before = list(islice(takewhile(lambda at: at <= min(begin, now), times), MOST_BEFORE_WINDOW))
    within = _between(rhythm, first, begin, now)
    skipped = [*_before_window(before, begin), *(DueTime(at, SUPERSEDED) for at in within[:-1])]
    answered = [DueTime(at) for at in within[-1:]]
    return Due((*skipped, *answered), next_fire(rhythm, max(now, first - timedelta(seconds=1))))


def _between(rhythm: Rhythm, first: datetime, begin: datetime, now: datetime) -> list[datetime]:
    """The due times after `begin` and until `now`, none earlier than `first`."""
    times = _due_times(rhythm, begin) if begin >= first else chain([first], _due_times(rhythm, first))
    return list(takewhile(lambda at: at <= now, times))


def _before_window(times: list[datetime], begin: datetime) -> Iterator[DueTime]:
    cut = len(times) == MOST_BEFORE_WINDOW
    for number, at in enumerate(times, start=1):
        last_of_cut = cut and number == len(times)
        yield DueTime(at, ALSO_SKIPPED.format(until=begin.isoformat()) if last_of_cut else NOBODY_THERE)


def _due_times(rhythm: Rhythm, after: datetime) -> Iterator[datetime]:
    """Due times in UTC, each later than the one before, the first later than `after`."""
    latest, steps_back = after, 0
    for local in _simulation(rhythm, after):
        at = local.astimezone(UTC)
        if at > latest:
            latest, steps_back = at, 0
            yield at
            continue
        steps_back += 1
        if steps_back > MOST_STEPS_BACK:
            break
    raise ScheduleError(f"{rhythm.cron!r} is not due again within fifty years")


def _simulation(rhythm: Rhythm, after: datetime) -> CronSim:
    if len(rhythm.cron.split()) != FIELDS:
        raise ScheduleError(f"{rhythm.cron!r} does not have five fields: minute, hour, day, month, weekday")
    try:
        return CronSim(rhythm.cron, after.astimezone(_zone(rhythm.time_zone)))
    except CronSimError as error:
        raise ScheduleError(f"{rhythm.cron!r} cannot be read: {error}") from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleError(f"{name!r} is no time zone that this machine knows") from error
