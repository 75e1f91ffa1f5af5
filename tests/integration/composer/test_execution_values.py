"""Which values an execution runs with, over HTTP."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from queryflow.domain.flow.semantics import Semantics
from queryflow.domain.flow.version import Version
from queryflow.schema.people import LOCAL_PERSON
from tests.integration.composer.rig import TEMPLATE, Rig, flow
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


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"parameters": {"least": {"type": "integer", "default": 2**63}}}, "parameters.least.default"),
        (
            {"nodes": {"top": {"template": "top_things", "parameters": {"least": -(2**63) - 1}}}},
            "nodes.top.parameters.least",
        ),
    ],
)
async def test_an_integer_beyond_64_bits_is_not_saved(stocked: Rig, changes: dict[str, Any], path: str) -> None:
    refused = await stocked.post("/api/compositions", flow("comp_wide", **{"connections": [], **changes}))
    assert refused.status_code == 422
    assert [(each["code"], each["path"]) for each in refused.json()["details"]["problems"]] == [
        ("BEYOND_64_BITS", path)
    ]
    assert (await stocked.client.get("/api/compositions/comp_wide")).status_code == 404


async def test_a_template_with_a_default_beyond_64_bits_is_not_saved(rig: Rig) -> None:
    wide = {**TEMPLATE, "parameters": {"least": {"type": "integer", "default": 2**64}}}
    refused = await rig.post("/api/templates", wide)
    assert [each["code"] for each in refused.json()["details"]["problems"]] == ["BEYOND_64_BITS"]


@pytest.mark.parametrize("number", [1e20, 10**20, 2**64 + 1, 10**37 + 1, -1e300, 0.1])
async def test_a_number_of_any_size_is_the_same_after_saving_exporting_and_running(stocked: Rig, number: Any) -> None:
    parameters = {"share": {"type": "number", "default": 0.5}}
    template = {**TEMPLATE, "template_id": "share", "sql": "SELECT {{share}} AS name", "parameters": parameters}
    await stocked.saved("/api/templates", template)
    nodes = {"one": {"template": "share", "parameters": {"share": number}}}
    document = flow("comp_wide", nodes=nodes, connections=[], parameters={})
    await stocked.saved("/api/compositions", document)
    exported = await stocked.client.get("/api/compositions/comp_wide?format=yaml")
    await stocked.client.delete("/api/compositions/comp_wide", headers={"If-Match": "*"})
    again = await stocked.client.post(
        "/api/compositions", content=exported.content, headers={"Content-Type": "application/yaml"}
    )
    assert again.status_code == 201, again.text
    read = await stocked.client.get("/api/compositions/comp_wide")
    assert Decimal(str(read.json()["nodes"]["one"]["parameters"]["share"])) == Decimal(str(number))
    for body in ({}, {"node_parameters": {"one": {"share": number}}}):
        accepted = await stocked.post("/api/compositions/comp_wide/execute", body)
        assert accepted.status_code == 202, accepted.text
