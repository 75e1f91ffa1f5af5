"""The dates a flow asks for: relative words, a logical date and a time zone become two instants.

The anchor is the logical date less `settle_days`; weeks begin on Monday; ends are exclusive:

| word | from | to |
|---|---|---|
| today | anchor | the day after |
| yesterday | the day before the anchor | anchor |
| last_N_days | N days before the anchor | anchor |
| this_week, this_month, this_quarter, this_year | its first day | the first day of the next: days to come too |
| last_week, last_month, last_quarter, last_year | the first day of the one before | its first day |
| mtd, qtd, ytd | the first day of the month, quarter, year | the day after the anchor |
| last_N_full_weeks | N weeks before this week's Monday | this week's Monday |

Each day begins at local midnight; where clocks skip midnight it begins at the first instant after, and where they
repeat midnight, at the first of the two: a day is 23 to 25 hours long where clocks change, and empty where a zone left
it out. Fixed dates do not settle.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, field_validator, model_validator

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow.flow import Window

DEFAULT_RANGE = "last_30_days"
"""What a flow asks for that says nothing."""
MOST_DAYS = 3_660
NO_PLACE = "Factory"
"""The IANA's name for a clock that nobody has set."""

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
COUNTED = re.compile(r"last_([1-9][0-9]{0,3})_(days|full_weeks)")
ISO_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?")


class ResolvedWindow(BaseModel):
    """Two instants in UTC, the end exclusive, and the zone they came from; as JSON {"start", "end", "time_zone"}."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: AwareDatetime
    end: AwareDatetime
    time_zone: str

    @field_validator("start", "end")
    @classmethod
    def _in_utc(cls, instant: datetime) -> datetime:
        return instant.astimezone(UTC)

    @model_validator(mode="after")
    def _in_order(self) -> "ResolvedWindow":
        if self.end < self.start:
            raise ValueError("a window ends before it starts")
        return self


def resolve_window(window: Window | None, logical_date: date) -> ResolvedWindow:
    """The window of an execution that stands for `logical_date`, a day in its zone; None is the last 30 days in UTC.

    Raises Invalid with what `window_problems` finds, or with WINDOW_OUT_OF_RANGE where the calendar ends.
    """
    asked = window or Window()
    if problems := window_problems(asked, "window"):
        raise Invalid("The window cannot be read.", problems)
    zone = ZoneInfo(asked.time_zone)
    try:
        start, end = _bounds(asked, logical_date, zone)
        return ResolvedWindow(start=start.astimezone(UTC), end=end.astimezone(UTC), time_zone=asked.time_zone)
    except OverflowError:
        message = "The window reaches beyond the calendar; choose another logical date."
        raise Invalid(message, [Problem("WINDOW_OUT_OF_RANGE", "window", message)]) from None


def window_problems(window: Window, path: str) -> list[Problem]:
    """Everything that is wrong with a window, whatever the logical date."""
    return [*_zone_problems(window, path), *_range_problems(window, path), *_fixed_problems(window, path)]


def is_time_zone(name: str) -> bool:
    """Whether it is one of the IANA's names; what a machine's folder of zones holds beside them is none."""
    return name in _time_zones()


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of the day there, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


@cache
def _time_zones() -> frozenset[str]:
    """The names as the package tzdata lists them, old ones such as US/Pacific too."""
    listed = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return frozenset(listed) - {NO_PLACE}


def _bounds(window: Window, logical_date: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if window.start is not None and window.end is not None:
        return _moment(window.start, zone), _moment(window.end, zone)
    first, end = _days(window.range or DEFAULT_RANGE, logical_date - timedelta(days=window.settle_days))
    return midnight(first, zone), midnight(end, zone)


def _days(word: str, anchor: date) -> tuple[date, date]:
    if counted := COUNTED.fullmatch(word):
        number = int(counted[1])
        if counted[2] == "days":
            return anchor - number * DAY, anchor
        return _monday(anchor) - number * WEEK, _monday(anchor)
    return WORDS[word](anchor)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _month(day: date, months: int = 0) -> date:
    """The first day of the month that many months later."""
    counted = day.year * 12 + day.month - 1 + months
    if not date.min.year <= counted // 12 <= date.max.year:
        raise OverflowError("beyond the calendar")
    return date(counted // 12, counted % 12 + 1, 1)


def _quarter(day: date, quarters: int = 0) -> date:
    return _month(day, 3 * quarters - (day.month - 1) % 3)


def _year(day: date, years: int = 0) -> date:
    return _month(day, 12 * years - day.month + 1)


WORDS: dict[str, Callable[[date], tuple[date, date]]] = {
    "today": lambda day: (day, day + DAY),
    "yesterday": lambda day: (day - DAY, day),
    "this_week": lambda day: (_monday(day), _monday(day) + WEEK),
    "last_week": lambda day: (_monday(day) - WEEK, _monday(day)),
    "this_month": lambda day: (_month(day), _month(day, 1)),
    "last_month": lambda day: (_month(day, -1), _month(day)),
    "this_quarter": lambda day: (_quarter(day), _quarter(day, 1)),
    "last_quarter": lambda day: (_quarter(day, -1), _quarter(day)),
    "this_year": lambda day: (_year(day), _year(day, 1)),
    "last_year": lambda day: (_year(day, -1), _year(day)),
    "mtd": lambda day: (_month(day), day + DAY),
    "qtd": lambda day: (_quarter(day), day + DAY),
    "ytd": lambda day: (_year(day), day + DAY),
}


def _zone_problems(window: Window, path: str) -> Iterator[Problem]:
    if not is_time_zone(window.time_zone):
        message = f"{window.time_zone!r} is no time zone; write one of the IANA names, such as Europe/Berlin or UTC."
        yield Problem("UNKNOWN_TIME_ZONE", f"{path}.time_zone", message)


def _range_problems(window: Window, path: str) -> Iterator[Problem]:
    word = window.range
    if word is None or word in WORDS:
        return
    counted = COUNTED.fullmatch(word)
    if counted is None:
        message = f"{word!r} is no range; write one of {', '.join(WORDS)}, last_N_days, last_N_full_weeks."
        yield Problem("UNKNOWN_RANGE", f"{path}.range", message)
    elif int(counted[1]) * (1 if counted[2] == "days" else 7) > MOST_DAYS:
        yield Problem("RANGE_TOO_LONG", f"{path}.range", f"A range has at most {MOST_DAYS:,} days.")


def _fixed_problems(window: Window, path: str) -> Iterator[Problem]:
    given = {"start": window.start, "end": window.end}
    if window.start is None and window.end is None:
        return
    if window.range is not None:
        yield Problem("TWO_WINDOWS", path, "A window has a range, or start and end; remove one of the two.")
    read: list[datetime] = []
    for word, text in given.items():
        if text is None:
            yield Problem(
                "HALF_A_WINDOW", f"{path}.{word}", f"A window with fixed dates needs start and end; {word} is missing."
            )
        elif (moment := _read_moment(text, window.time_zone)) is None:
            message = f"{text!r} is no date; write 2026-11-22, or 2026-11-22T09:00."
            yield Problem("NOT_A_DATE", f"{path}.{word}", message)
        else:
            read.append(moment)
    if len(read) == len(given) and read[1] <= read[0]:
        yield Problem("EMPTY_WINDOW", path, "The window ends before it starts; its end is exclusive.")


def _read_moment(text: str, time_zone: str) -> datetime | None:
    try:
        return _moment(text, ZoneInfo(time_zone) if is_time_zone(time_zone) else ZoneInfo("UTC"))
    except (ValueError, OverflowError):
        return None


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """An instant in UTC; without an offset the text is local time of the zone."""
    if not ISO_MOMENT.fullmatch(text):
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
