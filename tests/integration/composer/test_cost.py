"""What an accepted execution costs in statements: a stable number, which seconds are not."""

from sqlalchemy import event

from tests.integration.composer.rig import Rig, flow, with_templates

ACCEPT = 4
"""The time, the composition, the engine connections, the execution with its count; the outbox has a row besides."""


async def test_an_execution_of_an_unchanged_head_takes_four_statements(rig: Rig) -> None:
    await with_templates(rig)
    await rig.saved("/api/compositions", flow())
    assert (await rig.post("/api/compositions/comp_things/execute")).status_code == 202
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *more: object) -> None:
        asked.append(statement)

    engine = rig.composer.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    answer = await rig.post("/api/compositions/comp_things/execute")
    event.remove(engine, "before_cursor_execute", note)
    assert answer.status_code == 202
    assert len(asked) == ACCEPT, asked
    assert await rig.count("composer_outbox WHERE type = 'flow_execution.requested'") == 2
