"""Cron expressions as schedules take them: exactly five fields, as Debian's cron reads them. Pure."""

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from queryflow.domain.errors import Problem
from queryflow.domain.flow.windows import is_time_zone

FIELDS = 5
LONGEST = 100
MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
"""Any moment does: whether an expression ever comes due does not depend on when one asks."""


def cron_problems(cron: str, path: str) -> list[Problem]:
    """What is wrong with the expression; nothing if it will come due again and again."""
    if len(cron) > LONGEST or len(cron.split()) != FIELDS:
        message = f"{cron[:LONGEST]!r} does not have five fields (minute hour day month weekday), such as 0 9 * * 1."
        return [Problem("INVALID_CRON", path, message)]
    try:
        next(CronSim(cron, MOMENT))
    except (CronSimError, StopIteration) as error:
        reason = "it never comes due" if isinstance(error, StopIteration) else str(error)
        return [Problem("INVALID_CRON", path, f"{cron!r} cannot be used: {reason}.")]
    return []


def rhythm_problems(cron: str, time_zone: str) -> list[Problem]:
    """What is wrong with when a schedule is due."""
    problems = cron_problems(cron, "cron")
    if not is_time_zone(time_zone):
        message = f"{time_zone!r} is no time zone; write one of the IANA names, such as Europe/Berlin."
        problems.append(Problem("UNKNOWN_TIME_ZONE", "time_zone", message))
    return problems
