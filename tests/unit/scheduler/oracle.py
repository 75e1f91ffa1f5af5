"""Debian's cron, told minute by minute: slow, plain, and without any of the code that it checks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def due_minutes(cron: str, zone: ZoneInfo, begin: datetime, end: datetime) -> list[datetime]:
    """Every minute of [begin, end) at which the schedule is due, in UTC."""
    follows_time = any(field.startswith("*") for field in cron.split()[:2])
    found = []
    for at in _minutes(begin, end):
        local = at.astimezone(zone)
        if follows_time:
            due = _matches(cron, local)
        else:
            due = (local.fold == 0 and _matches(cron, local)) or any(_matches(cron, lost) for lost in _gap(at, zone))
        if due:
            found.append(at)
    return found


def _gap(at: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The minutes of the wall clock that were jumped over right before this one."""
    before = (at - MINUTE).astimezone(zone).replace(tzinfo=None)
    return _minutes(before + MINUTE, at.astimezone(zone).replace(tzinfo=None))


def _minutes(begin: datetime, end: datetime) -> Iterator[datetime]:
    while begin < end:
        yield begin
        begin += MINUTE


def _matches(cron: str, wall: datetime) -> bool:
    minute, hour, day, month, weekday = (
        _values(field, *limits) for field, limits in zip(cron.split(), RANGES, strict=True)
    )
    if wall.minute not in minute or wall.hour not in hour or wall.month not in month:
        return False
    by_day, by_weekday = wall.day in day, not weekday.isdisjoint({wall.isoweekday(), wall.isoweekday() % 7})
    _, _, day_field, _, weekday_field = cron.split()
    if day_field.startswith("*") or weekday_field.startswith("*"):
        return by_day and by_weekday
    return by_day or by_weekday


def _values(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin = low if span == "*" else int(first)
        end = high if span == "*" or (step and not last) else int(last or first)
        found |= set(range(begin, end + 1, int(step or 1)))
    return found


def jumps(zone: ZoneInfo, year: int) -> list[datetime]:
    """The days of the year on which the zone's clock was changed, in UTC."""
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(365)]
    return [
        day
        for day in days
        if day.astimezone(zone).utcoffset() != (day + timedelta(days=1)).astimezone(zone).utcoffset()
    ]
