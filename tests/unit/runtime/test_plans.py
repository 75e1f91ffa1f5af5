"""Plans of statements are kept for a while, by connection."""

from typing import cast

from queryflow.db.pool import PLANS_LIVE_SECONDS, Connection, Plans


class Asked:
    """A connection that notes what it is asked."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.statements: list[str] = []

    def get_server_pid(self) -> int:
        return self.process

    async def execute(self, statement: str) -> None:
        self.statements.append(statement)


async def test_plans_are_made_anew_once_they_are_old() -> None:
    now = 100.0
    plans, first, second = Plans(lambda: now), Asked(1), Asked(2)
    seen = []
    for seconds in (0.0, 0.9, 0.2, 0.9, 0.2):
        now += seconds * PLANS_LIVE_SECONDS
        await plans.renew(cast(Connection, first))
        seen.append(len(first.statements))
    await plans.renew(cast(Connection, second))
    assert seen == [0, 0, 1, 1, 2]
    assert first.statements == ["DISCARD PLANS"] * 2
    assert not second.statements, "a new connection has no plans yet"
