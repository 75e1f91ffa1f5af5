"""What was kept long enough is removed: rows first, then results, and results that a crash left without rows."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from executor.sweeper import tidy
from queryflow.domain.ids import uuid7
from queryflow.schema.people import LOCAL_PERSON
from tests.integration.executor.rig import Rig

OLD_MONTH = """
CREATE TABLE query_flow_executions_2020_01 PARTITION OF query_flow_executions
FOR VALUES FROM (queryflow_first_uuid7('2020-01-01Z')) TO (queryflow_first_uuid7('2020-02-01Z'))
"""
IN_2020 = datetime(2020, 1, 10, tzinfo=UTC)


async def test_results_go_with_their_rows_and_those_without_a_row_are_found(rig: Rig) -> None:
    objects, now = rig.executor.equipment.objects, datetime.now(UTC)
    await rig.owner.execute("SET ROLE queryflow_migrator")
    await rig.owner.execute(OLD_MONTH)
    await rig.owner.execute("RESET ROLE")
    await rig.owner.execute("INSERT INTO composition_versions VALUES ('v', NULL, 'comp_a', '{}')")
    old, kept = [await add_execution(rig, at) for at in (IN_2020, now - timedelta(days=1))]
    orphan, young_orphan = uuid7(IN_2020), uuid7(now - timedelta(days=1))
    for execution in (old, kept, orphan, young_orphan):
        await objects.put_bytes(key(execution), b"x")
    await objects.put_bytes("results/of-something-else", b"x")
    await tidy(rig.executor)
    assert set(await objects.list("")) == {key(kept), key(young_orphan), "results/of-something-else"}


async def add_execution(rig: Rig, at: datetime) -> UUID:
    execution = uuid7(at)
    await rig.owner.execute(
        "INSERT INTO query_flow_executions"
        " (id, composition_key, version, state, logical_date, trigger_kind, requested_by)"
        " VALUES ($1, 'comp_a', 'v', 'succeeded', '2020-01-01', 'api', $2)",
        execution,
        LOCAL_PERSON,
    )
    return execution


def key(execution: UUID) -> str:
    return f"results/{execution}/{UUID(int=1)}/1-1.parquet"
