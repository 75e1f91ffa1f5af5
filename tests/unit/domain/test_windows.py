from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryflow.domain.errors import Invalid
from queryflow.domain.flow.flow import Window
from queryflow.domain.flow.windows import WORDS, ResolvedWindow, is_time_zone, midnight, resolve_window, window_problems

SUNDAY = date(2026, 11, 22)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Cairo",
    "Australia/Lord_Howe",
)
RESOLUTION = timedelta(microseconds=1)
QUARTERS = [timedelta(minutes=15 * number) for number in range(1, 13)]
days = st.dates(date(2000, 1, 1), date(2037, 12, 31))
words = st.sampled_from([*WORDS, "last_1_days", "last_30_days", "last_2_full_weeks"])


def local_days(window: ResolvedWindow) -> tuple[str, str]:
    zone = ZoneInfo(window.time_zone)
    return window.start.astimezone(zone).date().isoformat(), window.end.astimezone(zone).date().isoformat()


@pytest.mark.parametrize(
    ("word", "start", "end"),
    [
        ("today", "2026-11-22", "2026-11-23"),
        ("yesterday", "2026-11-21", "2026-11-22"),
        ("last_30_days", "2026-10-23", "2026-11-22"),
        ("this_week", "2026-11-16", "2026-11-23"),
        ("last_week", "2026-11-09", "2026-11-16"),
        ("last_4_full_weeks", "2026-10-19", "2026-11-16"),
        ("this_month", "2026-11-01", "2026-12-01"),
        ("last_month", "2026-10-01", "2026-11-01"),
        ("this_quarter", "2026-10-01", "2027-01-01"),
        ("last_quarter", "2026-07-01", "2026-10-01"),
        ("this_year", "2026-01-01", "2027-01-01"),
        ("last_year", "2025-01-01", "2026-01-01"),
        ("mtd", "2026-11-01", "2026-11-23"),
        ("qtd", "2026-10-01", "2026-11-23"),
        ("ytd", "2026-01-01", "2026-11-23"),
    ],
)
def test_what_the_words_mean_on_a_sunday(word: str, start: str, end: str) -> None:
    assert local_days(resolve_window(Window(range=word, time_zone="Europe/Berlin"), SUNDAY)) == (start, end)


def test_months_and_quarters_around_the_turn_of_the_year() -> None:
    new_year = date(2027, 1, 1)
    resolved = {
        word: local_days(resolve_window(Window(range=word), new_year)) for word in ("last_month", "last_quarter", "mtd")
    }
    assert resolved == {
        "last_month": ("2026-12-01", "2027-01-01"),
        "last_quarter": ("2026-10-01", "2027-01-01"),
        "mtd": ("2027-01-01", "2027-01-02"),
    }


def test_the_days_to_settle_move_the_anchor() -> None:
    settled = resolve_window(Window(range="last_30_days", settle_days=14), SUNDAY)
    assert local_days(settled) == ("2026-10-09", "2026-11-08")


def test_nothing_said_is_the_last_thirty_days() -> None:
    assert resolve_window(None, SUNDAY) == resolve_window(Window(range="last_30_days"), SUNDAY)


def test_the_json_form_is_in_utc_and_reads_back() -> None:
    window = resolve_window(Window(range="last_30_days", settle_days=14, time_zone="Europe/Berlin"), SUNDAY)
    document = window.model_dump(mode="json")
    assert document == {"start": "2026-10-08T22:00:00Z", "end": "2026-11-07T23:00:00Z", "time_zone": "Europe/Berlin"}
    assert ResolvedWindow.model_validate(document) == window


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # midnight was skipped: the day began at one
        ("America/Havana", date(2026, 11, 1), 25),  # midnight came twice: the day began with the first
        ("Pacific/Apia", date(2011, 12, 30), 0),  # the day that was left out
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
    ],
)
def test_days_on_which_clocks_change(zone: str, day: date, hours: float) -> None:
    window = resolve_window(Window(range="today", time_zone=zone), day)
    assert window.end - window.start == timedelta(hours=hours)


@settings(max_examples=150)
@given(words, days, st.sampled_from(ZONES), st.integers(0, 30))
def test_windows_begin_and_end_at_local_midnights_and_never_backwards(
    word: str, day: date, zone: str, settle: int
) -> None:
    window = resolve_window(Window(range=word, time_zone=zone, settle_days=settle), day)
    assert window.start <= window.end
    for instant in (window.start, window.end):
        assert instant.tzinfo is UTC
        assert instant == midnight(instant.astimezone(ZoneInfo(zone)).date(), ZoneInfo(zone))


@pytest.mark.parametrize("name", ZONES)
def test_a_day_begins_at_the_first_instant_of_it(name: str) -> None:
    zone = ZoneInfo(name)
    for day in (date(2011, 1, 1) + timedelta(days=number) for number in range(730)):
        begins = midnight(day, zone)
        before = [(begins - step).astimezone(zone).date() for step in (RESOLUTION, *QUARTERS)]
        assert begins.astimezone(zone).date() >= day > max(before)


@settings(max_examples=100)
@given(days, st.sampled_from(ZONES), st.integers(1, 60))
def test_what_is_next_to_each_other_neither_overlaps_nor_leaves_a_gap(day: date, zone: str, number: int) -> None:
    def of(word: str, anchor: date = day) -> ResolvedWindow:
        return resolve_window(Window(range=word, time_zone=zone), anchor)

    assert of("yesterday").end == of("today").start
    assert of(f"last_{number}_days").end == of("today").start
    assert of(f"last_{number}_days").start == of("yesterday", day - timedelta(days=number - 1)).start
    for period in ("week", "month", "quarter", "year"):
        assert of(f"last_{period}").end == of(f"this_{period}").start
        assert of(f"this_{period}").start <= of("today").start < of(f"this_{period}").end


def test_fixed_dates_are_local_unless_they_say_otherwise() -> None:
    asked = Window(start="2026-11-01", end="2026-11-02T12:00:00+00:00", time_zone="Europe/Berlin", settle_days=14)
    window = resolve_window(asked, SUNDAY)
    assert window.start == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert window.end == datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "codes"),
    [
        ({"range": "last_0_days"}, {"UNKNOWN_RANGE"}),
        ({"range": "Last_7_days"}, {"UNKNOWN_RANGE"}),
        ({"range": "last_9999_days"}, {"RANGE_TOO_LONG"}),
        ({"range": "last_600_full_weeks"}, {"RANGE_TOO_LONG"}),
        ({"time_zone": "Europe/Atlantis"}, {"UNKNOWN_TIME_ZONE"}),
        ({"time_zone": "../../etc/passwd", "range": "someday"}, {"UNKNOWN_TIME_ZONE", "UNKNOWN_RANGE"}),
        ({"start": "2026-01-01"}, {"HALF_A_WINDOW"}),
        ({"start": "2026-01-01", "end": "2026-01-01"}, {"EMPTY_WINDOW"}),
        ({"start": "2026-02-30", "end": "20260301"}, {"NOT_A_DATE"}),
        ({"start": "2026-01-01", "end": "2026-02-01", "range": "today"}, {"TWO_WINDOWS"}),
        ({"start": "9999-12-31T23:59-10:00", "end": "9999-12-31"}, {"NOT_A_DATE"}),
    ],
)
def test_what_cannot_be_read_is_named_and_refused(window: dict[str, str], codes: set[str]) -> None:
    asked = Window.model_validate(window)
    assert {problem.code for problem in window_problems(asked, "window")} == codes
    with pytest.raises(Invalid):
        resolve_window(asked, SUNDAY)


@pytest.mark.parametrize("logical_date", [date.min, date.max])
@pytest.mark.parametrize("word", ["last_year", "this_year", "last_3660_days", "today"])
def test_the_ends_of_the_calendar_are_refused_not_stumbled_over(word: str, logical_date: date) -> None:
    try:
        window = resolve_window(Window(range=word, time_zone="Asia/Tokyo"), logical_date)
    except Invalid as refused:
        assert [problem.code for problem in refused.problems] == ["WINDOW_OUT_OF_RANGE"]  # noqa: PT017 - some fit
    else:
        assert window.start < window.end


@pytest.mark.parametrize(
    "name",
    [
        *("", "Europe", "europe/berlin", "/etc/passwd", "..", "europe/berlin\0", "x" * 5_000, "x/" * 5_000),
        *("localtime", "posixrules", "posix/Europe/Berlin", "right/UTC", "Factory", "zone.tab"),
    ],
)
def test_what_is_no_time_zone(name: str) -> None:
    assert not is_time_zone(name)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "US/Pacific", "Asia/Calcutta", "Etc/GMT+5", "EST5EDT"])
def test_every_name_of_the_iana_is_a_time_zone(name: str) -> None:
    assert is_time_zone(name)
    assert ZoneInfo(name)
