"""Whole flows through a whole system, in both shapes."""

from typing import Any
from uuid import UUID

import pytest

from queryflow_cli.client.client import RefusedByServer
from tests.support.eventually import eventually
from tests.support.flows import connection, diamond, flow, names_of
from tests.system.conftest import System

Document = dict[str, Any]
FLOW_WITHIN_SECONDS = 60.0
MAKE_DUE = "UPDATE schedule_timers SET next_fire_at = now() - interval '1 second' WHERE schedule_id = $1"


async def run(system: System, document: Document, **body: Any) -> Document:
    """Save and run a flow to its end, and hold it against the oracle."""
    await system.client.save_composition(document)
    execution_id = await system.client.execute(document["composition_id"], {"version": "head", **body})
    return await ended(system, execution_id)


async def ended(system: System, execution_id: str) -> Document:
    """The execution once it is final and status agrees."""
    identifier = UUID(execution_id)
    await eventually(lambda: system.oracle.ended(identifier), within=FLOW_WITHIN_SECONDS)
    await system.oracle.check(identifier)
    await eventually(lambda: system.oracle.status_agrees(identifier))
    await eventually(system.oracle.nothing_left)
    return await system.client.execution(execution_id)


def states(execution: Document) -> dict[str, str]:
    """The state of each node, with its reason where there is one."""
    return {
        node["node_id"]: node["state"] + (f": {node['reason']}" if node["reason"] else "")
        for node in execution["nodes"]
    }


@pytest.mark.parametrize("composition_id", ["comp_top_overlap_paths", "comp_campaigns_products_basket_loyalty"])
async def test_a_shipped_flow_succeeds_with_rows_in_every_node(system: System, composition_id: str) -> None:
    execution_id = await system.client.execute(composition_id, {})
    execution = await ended(system, execution_id)
    assert execution["state"] == "succeeded"
    assert all(node["rows"] > 0 for node in execution["nodes"])
    for node in execution["nodes"]:
        path = f"/api/executions/{execution_id}/nodes/{node['node_id']}/results"
        page = (await system.http.get(path, params={"limit": 5})).json()
        assert page["total"] == node["rows"]
        assert len(page["rows"]) == min(5, node["rows"])


async def test_what_the_first_query_finds_becomes_parameters_of_the_next(system: System) -> None:
    execution_id = await system.client.execute("comp_top_overlap_paths", {})
    execution = await ended(system, execution_id)
    top = await system.client.results(execution_id, "top")
    assert top is not None
    names = [column["name"] for column in top["columns"]]
    rows = [dict(zip(names, row, strict=True)) for row in top["rows"]]
    best = sorted(rows, key=lambda row: float(row["sales"]), reverse=True)
    parameters = {node["node_id"]: node["parameters"] for node in execution["nodes"]}
    assert parameters["paths"]["campaign_ids"] == [row["campaign_id_string"] for row in best[:6]]
    dsp = [row["campaign_id_string"] for row in best if row["ad_product"] == "dsp"]
    assert parameters["overlap"]["dsp_campaign_ids"] == dsp[:10]


async def test_a_diamond(system: System) -> None:
    execution = await run(system, diamond())
    assert states(execution) == dict.fromkeys(("top", "left", "right", "last"), "succeeded")
    assert {node["node_id"]: node["rows"] for node in execution["nodes"]} == {
        "top": 3,
        "left": 3,
        "right": 1,
        "last": 3,
    }


async def test_a_failed_node_skips_what_is_behind_it_and_nothing_else(system: System) -> None:
    nodes = {
        "bad": {"template": "things_broken"},
        "good": {"template": "things_counted"},
        "behind": {"template": "things_counted"},
        "further": {"template": "things_counted"},
        "despite": {"template": "things_counted"},
    }
    document = flow(
        "broken",
        nodes,
        connection("bad", "behind"),
        connection("behind", "further"),
        connection("bad", "despite", required=False),
        connection("good", "despite"),
    )
    execution = await run(system, document)
    assert execution["state"] == "failed"
    assert states(execution) == {
        "bad": "failed",
        "good": "succeeded",
        "behind": "skipped: upstream_failed",
        "further": "skipped: upstream_skipped",
        "despite": "succeeded",
    }
    error = execution["nodes"][0]["error"]
    assert "the query itself says no" in error["message"]


async def test_a_failure_that_was_allowed_for_is_partial_success(system: System) -> None:
    nodes = {"bad": {"template": "things_broken"}, "last": {"template": "things_counted"}}
    execution = await run(system, flow("allowed", nodes, connection("bad", "last", required=False)))
    assert execution["state"] == "partially_succeeded"


@pytest.mark.parametrize(
    ("on_empty", "template", "state", "rows"),
    [
        ("skip", "things_named", "skipped: empty_input", None),
        ("fail", "things_named", "failed", None),
        ("match_nothing", "things_named", "succeeded", 0),
        ("match_all", "things_named_or_all", "succeeded", 20),
        ("default", "things_named", "succeeded", 2),
    ],
)
async def test_an_empty_upstream(system: System, on_empty: str, template: str, state: str, rows: int | None) -> None:
    nodes = {"top": {"template": "things_above", "parameters": {"least": 1000}}, "next": {"template": template}}
    execution = await run(system, flow(f"empty_{on_empty}", nodes, names_of("top", "next", on_empty=on_empty)))
    assert states(execution) == {"top": "succeeded", "next": state}
    assert execution["nodes"][1]["rows"] == rows
    if on_empty == "fail":
        assert execution["nodes"][1]["error"]["kind"] == "EMPTY_UPSTREAM"
    assert execution["state"] == ("failed" if on_empty == "fail" else "succeeded")


async def test_cancel_ends_what_runs_and_what_waits(system: System) -> None:
    nodes = {"slow": {"template": "things_slow"}, "after": {"template": "things_counted"}}
    document = flow("cancelled", nodes, connection("slow", "after"))
    await system.client.save_composition(document)
    execution_id = await system.client.execute("comp_cancelled", {"version": "head"})
    await eventually(lambda: _runs(system, execution_id, "slow"), within=20)
    await system.client.cancel(execution_id)
    execution = await ended(system, execution_id)
    assert execution["state"] == "cancelled"
    assert states(execution) == {"slow": "cancelled", "after": "cancelled"}


async def _runs(system: System, execution_id: str, node_id: str) -> bool:
    execution = await system.client.execution(execution_id)
    return any(node["node_id"] == node_id and node["state"] == "running" for node in execution["nodes"])


async def test_the_same_request_twice_is_one_execution(system: System) -> None:
    await system.client.save_composition(diamond())
    first = await system.client.execute("comp_diamond", {"version": "head"}, "the same key")
    second = await system.client.execute("comp_diamond", {"version": "head"}, "the same key")
    assert first == second
    await ended(system, first)
    with pytest.raises(RefusedByServer) as refused:
        await system.client.execute("comp_diamond", {"version": "head", "logical_date": "2020-01-01"}, "the same key")
    assert (refused.value.status, refused.value.error_code) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_schedule_starts_an_execution_when_its_time_comes(system: System) -> None:
    await system.client.save_composition(diamond())
    schedule = await scheduled(system, "comp_diamond")
    assert await system.connection.execute(MAKE_DUE, schedule) == "UPDATE 1"
    execution_id = await eventually(lambda: system.oracle.fired_once(schedule))
    execution = await ended(system, str(execution_id))
    assert execution["state"] == "succeeded"
    assert execution["trigger"]["kind"] == "schedule"


async def scheduled(system: System, composition_id: str) -> UUID:
    """A weekly schedule of the composition, published for it, with its timer set."""
    composition = await system.http.get(f"/api/compositions/{composition_id}")
    published = await system.http.post(
        f"/api/compositions/{composition_id}/publish", headers={"If-Match": composition.headers["etag"]}
    )
    assert published.is_success, published.text
    body = {"composition_id": composition_id, "cron": "0 9 * * 1", "time_zone": "Europe/Berlin", "parameters": {}}
    created = await system.http.post("/api/schedules", json=body)
    assert created.status_code == 201, created.text
    schedule = UUID(created.json()["id"])
    timer = "SELECT next_fire_at FROM schedule_timers WHERE schedule_id = $1"
    await eventually(lambda: system.connection.fetchval(timer, schedule))
    return schedule
