"""What runs tell of the columns of templates is kept with them, and never changes a version."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from composer.executions.sweep import learn_what_was_missed
from composer.handlers import on_flow_finished
from queryflow.domain.states import ExecutionState
from queryflow.messages.flow_execution import FlowExecutionFinished
from tests.integration.composer.rig import DETAIL, Rig, flow

OPEN: dict[str, Any] = {
    "queryflow": 1,
    "kind": "template",
    "template_id": "top_things",
    "name": "Top things",
    "dialect": "duckdb",
    "sql": "SELECT * FROM things WHERE amount >= {{least}}",
    "parameters": {"least": {"type": "integer", "default": 1}},
}
COLUMNS = {"name": "VARCHAR", "amount": "BIGINT"}


async def executed(rig: Rig, state: str = "succeeded", columns: dict[str, str] | None = None) -> UUID:
    """An execution of the flow that ended, its first node with a result, as the executor's rows say it."""
    answer = await rig.post("/api/compositions/comp_things/execute")
    execution = UUID(answer.json()["execution_id"])
    await rig.connection.execute("UPDATE query_flow_executions SET state = $2 WHERE id = $1", execution, state)
    listed = [{"name": name, "type": word} for name, word in (columns or COLUMNS).items()]
    await rig.connection.execute(
        "INSERT INTO workflow_executions (composition_execution_id, composition_node_id, state, result_metadata)"
        " VALUES ($1, 'top', 'succeeded', $2)",
        execution,
        json.dumps({"columns": listed, "rows": 1, "bytes": 1, "sha256": "0"}),
    )
    return execution


async def tell(rig: Rig, execution: UUID, state: ExecutionState = ExecutionState.SUCCEEDED) -> None:
    at = datetime.now(UTC)
    event = FlowExecutionFinished(execution_id=execution, composition_id="comp_things", state=state, counts={}, at=at)
    await on_flow_finished([event], rig.composer)


async def outputs(rig: Rig) -> dict[str, str]:
    document = (await rig.client.get("/api/templates/top_things")).json()
    return {name: each["type"] for name, each in document.get("outputs", {}).items()}


async def problems(rig: Rig) -> list[tuple[str, str]]:
    answer = await rig.post("/api/compositions/comp_things/validate")
    return [(each["code"], each["severity"]) for each in answer.json()["problems"]]


async def stocked(rig: Rig, **changes: Any) -> None:
    for document in (OPEN, DETAIL):
        await rig.saved("/api/templates", document)
    await rig.saved("/api/compositions", flow(**changes))


async def test_outputs_are_unknown_until_a_run_told_them(rig: Rig) -> None:
    await stocked(rig)
    assert await outputs(rig) == {}
    assert await problems(rig) == [("UNKNOWN_TYPE", "warning")]
    await tell(rig, await executed(rig))
    assert await outputs(rig) == COLUMNS
    assert await problems(rig) == []
    listed = (await rig.client.get("/api/templates")).json()["items"]
    assert {name: each["type"] for name, each in listed[1]["outputs"].items()} == COLUMNS


async def test_what_was_learnt_makes_no_new_version(rig: Rig) -> None:
    await stocked(rig)
    first = (await rig.post("/api/compositions/comp_things/execute")).json()["version"]
    await tell(rig, await executed(rig))
    rig.composer.version_cache._versions.clear()
    assert (await rig.post("/api/compositions/comp_things/execute")).json()["version"] == first
    read = (await rig.client.get("/api/templates/top_things")).json()
    same = await rig.client.put("/api/templates/top_things", json=read, headers={"If-Match": '"1"'})
    assert (same.status_code, same.json()["version"]) == (200, 1)


async def test_an_end_that_nobody_told_is_learnt_from_the_rows(rig: Rig) -> None:
    await stocked(rig)
    await executed(rig)
    await learn_what_was_missed(rig.composer)
    assert await outputs(rig) == COLUMNS
    assert await rig.count("learnt_versions") == 1


async def test_the_first_run_counts_and_a_failed_one_tells_what_it_has(rig: Rig) -> None:
    await stocked(rig)
    await tell(rig, await executed(rig, state="failed"), ExecutionState.FAILED)
    assert await outputs(rig) == COLUMNS
    assert await rig.count("learnt_versions") == 0
    await tell(rig, await executed(rig, columns={"other": "DATE"}))
    assert await outputs(rig) == COLUMNS


async def test_what_only_a_run_says_forbids_nothing(rig: Rig) -> None:
    await stocked(rig)
    await tell(rig, await executed(rig, columns={"amount": "BIGINT"}))
    assert await problems(rig) == [("UNKNOWN_COLUMN", "warning")]
    assert (await rig.post("/api/compositions/comp_things/execute")).status_code == 202


async def test_declared_outputs_stay_as_they_are(rig: Rig) -> None:
    declared = {**OPEN, "outputs": {"name": {"type": "VARCHAR"}, "amount": {}}}
    for document in (declared, DETAIL):
        await rig.saved("/api/templates", document)
    await rig.saved("/api/compositions", flow())
    await tell(rig, await executed(rig, columns={"name": "INTEGER", "amount": "BIGINT", "more": "DATE"}))
    assert await outputs(rig) == {"name": "VARCHAR", "amount": "BIGINT"}
