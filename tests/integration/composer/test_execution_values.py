"""Which values an execution runs with, over HTTP."""

import json
from pathlib import Path

from queryflow.domain.semantics import Semantics
from queryflow.domain.version import Version
from queryflow.schema.people import LOCAL_PERSON
from tests.integration.composer.rig import Rig, flow
from tests.integration.composer.test_executions import EXECUTE, row_of, stocked

__all__ = ["stocked"]


async def test_an_execution_may_give_what_the_flow_leaves_out(stocked: Rig) -> None:
    await stocked.saved("/api/compositions", flow("comp_open", connections=[]))
    execute = "/api/compositions/comp_open/execute"
    refused = await stocked.post(execute)
    assert [each["path"] for each in refused.json()["details"]["problems"]] == ["nodes.detail.parameters.names"]
    accepted = await stocked.post(execute, {"node_parameters": {"detail": {"names": ["a"]}}})
    assert accepted.status_code == 202, accepted.text
    row = await row_of(stocked, accepted.json()["execution_id"])
    assert json.loads(row["node_parameters"]) == {"detail": {"names": ["a"]}}
    # the head is remembered now, and still needs the value
    again = await stocked.post(execute)
    assert [each["code"] for each in again.json()["details"]["problems"]] == ["MISSING_VALUE"]


async def test_an_open_flow_parameter_is_refused_at_the_request(stocked: Rig) -> None:
    await stocked.saved("/api/compositions", flow("comp_open", parameters={"least": {"type": "integer"}}))
    refused = await stocked.post("/api/compositions/comp_open/execute")
    assert refused.status_code == 422
    assert [(each["code"], each["path"]) for each in refused.json()["details"]["problems"]] == [
        ("MISSING_VALUE", "parameters.least")
    ]


async def test_an_old_version_on_another_engine_connection_keeps_its_meaning(stocked: Rig) -> None:
    document = (Path(__file__).parents[2] / "support" / "version_before_semantics.json").read_text()
    named = document.replace("comp_before", "comp_things")
    await stocked.connection.execute(
        "INSERT INTO composition_versions (hash, composition_key, document, created_by) VALUES ($1, $2, $3, $4)",
        "1" * 64,
        "comp_things",
        named,
        LOCAL_PERSON,
    )
    old = await stocked.post(EXECUTE, {"version": "1" * 64, "connection": "sample"})
    assert old.status_code == 202, old.text
    new = await stocked.post(EXECUTE, {"version": "head", "connection": "echo"})
    query = "SELECT document FROM composition_versions WHERE hash = $1"
    kept, made = [
        Version.model_validate_json(await stocked.connection.fetchval(query, each.json()["version"])).semantics
        for each in (old, new)
    ]
    assert (kept, made) == (Semantics.CAST_LAST, Semantics.CAST_FIRST)
