"""The times of a day as instants, on days with and without a jump of the clock. Pure."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """Times of the wall clock in a zone, sorted."""

    times: tuple[time, ...]
    follows_time: bool
    """Whether time that really passes counts: what comes twice is met twice, what never comes is not met."""
    zone: ZoneInfo

    def is_plain(self, day: date) -> bool:
        """Whether the clock is not changed on that day, nor at its midnights."""
        midnights = (datetime.combine(each, time(), self.zone) for each in (day, day + timedelta(days=1)))
        offsets = {midnight.replace(fold=fold).utcoffset() for midnight in midnights for fold in (0, 1)}
        return len(offsets) == 1

    def begin(self, day: date) -> datetime:
        """The first instant of that day, or of the gap it begins with."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def times_on(self, day: date, after: datetime) -> Iterator[datetime]:
        """The instants of that day later than `after`, in order, in UTC."""
        if self.is_plain(day):
            return self._plainly(day, after)
        instants = self._shown(day) if self.follows_time else {self._first_shown(day, at) for at in self.times}
        return iter(sorted(at for at in instants if at > after))

    def _plainly(self, day: date, after: datetime) -> Iterator[datetime]:
        """On a day without a jump the wall clock is as good as any."""
        wall = after.astimezone(self.zone)
        if day < wall.date():
            return
        passed = bisect_right(self.times, wall.time()) if wall.date() == day else 0
        for at in self.times[passed:]:
            instant = datetime.combine(day, at, self.zone).astimezone(UTC)
            if instant > after:
                yield instant

    def _shown(self, day: date) -> set[datetime]:
        """Every instant of that day that shows one of the times: none in a gap, two in an hour that comes twice."""
        walls = (datetime.combine(day, at, self.zone).replace(fold=fold) for at in self.times for fold in (0, 1))
        return {wall.astimezone(UTC) for wall in walls if self._exists(wall)}

    def _first_shown(self, day: date, at: time) -> datetime:
        """The first instant that shows the time; the one right after the gap if none does."""
        wall = datetime.combine(day, at, self.zone)
        while not self._exists(wall):
            wall += MINUTE
        return wall.astimezone(UTC)

    def _exists(self, wall: datetime) -> bool:
        return wall.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) == wall.replace(tzinfo=None)
