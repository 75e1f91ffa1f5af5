"""Starting and cancelling executions: over HTTP, by schedules, by messages of other systems."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from composer.executions.sweep import forget_old_requests
from composer.handlers import on_flow_trigger, on_schedule_fired
from queryflow.domain.errors import Invalid, NotFound, Refused
from queryflow.domain.flow.version import Version
from queryflow.domain.ids import EPOCH
from queryflow.messages.schedule import ScheduleFired
from queryflow.messages.trigger import FlowTrigger
from queryflow.schema.people import LOCAL_PERSON
from tests.integration.composer.rig import AS_OF, Rig, flow, with_templates

EXECUTE = "/api/compositions/comp_things/execute"


@pytest.fixture
async def stocked(rig: Rig) -> Rig:
    await with_templates(rig)
    await rig.saved("/api/compositions", flow())
    return rig


async def row_of(rig: Rig, execution: str) -> dict[str, Any]:
    (row,) = await rig.connection.fetch("SELECT * FROM query_flow_executions WHERE id = $1", UUID(execution))
    return dict(row)


async def publish(rig: Rig) -> str:
    version: str = (await rig.post("/api/compositions/comp_things/publish")).json()["version"]
    return version


async def test_an_accepted_execution_is_stored_and_said(stocked: Rig) -> None:
    answer = await stocked.post(EXECUTE, {"parameters": {"least": 7}})
    accepted = answer.json()
    execution = accepted["execution_id"]
    assert answer.status_code == 202
    assert accepted == {
        "execution_id": execution,
        "composition_id": "comp_things",
        "version": accepted["version"],
        "state": "requested",
        "links": {"self": f"/api/executions/{execution}", "events": f"/api/executions/{execution}/events"},
    }
    row = await row_of(stocked, execution)
    assert (row["state"], row["composition_key"], row["trigger_kind"]) == ("requested", "comp_things", "api")
    assert (row["requested_by"], row["logical_date"]) == (LOCAL_PERSON, AS_OF)
    assert json.loads(row["parameters"]) == {"least": 7}
    # last 30 days, settled for 14, ending where the day of 2026-11-06 begins in Berlin
    assert json.loads(row["window"]) == {
        "start": "2026-10-06T22:00:00Z",
        "end": "2026-11-05T23:00:00Z",
        "time_zone": "Europe/Berlin",
    }
    made = EPOCH + timedelta(milliseconds=UUID(execution).int >> 80)
    assert abs(made - row["requested_at"]) < timedelta(seconds=1)
    document = await stocked.connection.fetchval(
        "SELECT document FROM composition_versions WHERE hash = $1", accepted["version"]
    )
    version = Version.model_validate_json(document)
    assert [node.template_version for node in version.flow.nodes] == [1, 1]
    assert set(version.templates) == {"top_things", "things_named"}
    (counted,) = await stocked.connection.fetch(
        "SELECT execution_count, last_executed_at, revision FROM template_flow_compositions"
    )
    assert (counted["execution_count"], counted["last_executed_at"] is None, counted["revision"]) == (1, False, 1)
    (said,) = stocked.said("flow_execution.requested")
    assert json.loads(said.body) == {"execution_id": execution, "composition_id": "comp_things"}
    assert await stocked.connection.fetchval("SELECT count(*) FROM composer_outbox WHERE id = $1", said.message_id) == 1


async def test_which_version_runs(stocked: Rig) -> None:
    not_published = await stocked.post(EXECUTE, {"version": "published"})
    assert (not_published.status_code, not_published.json()["error"]) == (409, "NOT_PUBLISHED")
    published = await publish(stocked)
    change = flow(name="Renamed")
    await stocked.client.put("/api/compositions/comp_things", json=change, headers={"If-Match": '"1"'})
    ran = {
        word: (await stocked.post(EXECUTE, {"version": word})).json()["version"] for word in ("auto", "head", published)
    }
    assert ran["auto"] == ran[published] == published
    assert ran["head"] != published
    absent = await stocked.post(EXECUTE, {"version": "0" * 64})
    assert (absent.status_code, absent.json()["error"]) == (404, "VERSION_NOT_FOUND")


@pytest.mark.parametrize(
    "body", [{"version": "draft"}, {"only": "top"}, {"upto": "x"}, {"from": "x"}, {"force": ["x"]}]
)
async def test_what_is_not_built_answers_so(stocked: Rig, body: dict[str, Any]) -> None:
    refused = await stocked.post(EXECUTE, body)
    assert (refused.status_code, refused.json()["error"]) == (422, "NOT_AVAILABLE")


async def test_a_flow_with_conditions_is_kept_and_not_executed(stocked: Rig) -> None:
    nodes = {"top": {"template": "top_things", "when": "params.least > 1"}}
    saved = await stocked.saved("/api/compositions", flow("comp_when", nodes=nodes, connections=[]))
    assert saved["nodes"]["top"]["when"] == "params.least > 1"
    refused = await stocked.post("/api/compositions/comp_when/execute")
    assert (refused.status_code, refused.json()["error"]) == (422, "CONDITIONS_NOT_AVAILABLE")


async def test_a_flow_without_nodes_is_kept_and_not_executed(stocked: Rig) -> None:
    await stocked.saved("/api/compositions", flow("comp_empty", nodes={}, connections=[]))
    assert (await stocked.post("/api/compositions/comp_empty/execute")).status_code == 422


async def test_a_value_for_a_fed_parameter_must_be_detached(stocked: Rig) -> None:
    refused = await stocked.post(EXECUTE, {"node_parameters": {"detail": {"names": ["a"]}}})
    assert [each["code"] for each in refused.json()["details"]["problems"]] == ["OVERRIDE_OF_BOUND"]
    body = {"node_parameters": {"detail": {"names": {"value": ["a"], "detach": True}}}}
    accepted = (await stocked.post(EXECUTE, body)).json()
    document = await stocked.connection.fetchval(
        "SELECT document FROM composition_versions WHERE hash = $1", accepted["version"]
    )
    version = Version.model_validate_json(document)
    assert version.flow.connections[0].map == {}
    assert json.loads((await row_of(stocked, accepted["execution_id"]))["node_parameters"]) == {
        "detail": {"names": ["a"]}
    }


async def test_another_engine_connection_for_one_execution(stocked: Rig) -> None:
    unknown = await stocked.post(EXECUTE, {"connection": "data"})
    assert {each["code"] for each in unknown.json()["details"]["problems"]} == {"UNKNOWN_CONNECTION"}
    await stocked.connection.execute("INSERT INTO engine_connections (name, engine) VALUES ('data', 'duckdb')")
    accepted = (await stocked.post(EXECUTE, {"connection": "data"})).json()
    row = await row_of(stocked, accepted["execution_id"])
    # without data that ends somewhere, the flow's today: in Berlin it may be tomorrow already
    assert row["logical_date"] - datetime.now(UTC).date() in {timedelta(), timedelta(days=1)}


async def test_a_published_version_whose_engine_connection_is_gone_is_refused(stocked: Rig) -> None:
    await publish(stocked)
    await stocked.connection.execute("UPDATE engine_connections SET is_active = false WHERE name = 'sample'")
    refused = await stocked.post(EXECUTE, {"version": "published"})
    assert [each["code"] for each in refused.json()["details"]["problems"]] == ["UNKNOWN_CONNECTION"]


async def test_twenty_requests_at_once_with_one_key_start_one_execution(stocked: Rig) -> None:
    answers = await asyncio.gather(*(stocked.post(EXECUTE, {}, **{"Idempotency-Key": "k"}) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert await stocked.count("query_flow_executions") == 1
    assert len(stocked.said("flow_execution.requested")) == 1


async def test_a_key_belongs_to_one_request(stocked: Rig) -> None:
    key = {"Idempotency-Key": "k"}
    first = await stocked.post(EXECUTE, {"parameters": {"least": 1}}, **key)
    await stocked.connection.execute("UPDATE query_flow_executions SET state = 'running'")
    assert (await stocked.post(EXECUTE, {"parameters": {"least": 1}}, **key)).json() == first.json()
    other = await stocked.post(EXECUTE, {"parameters": {"least": 2}}, **key)
    assert (other.status_code, other.json()["error"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_refused_request_leaves_its_key_free(stocked: Rig) -> None:
    key = {"Idempotency-Key": "k"}
    assert (await stocked.post(EXECUTE, {"parameters": {"least": "x"}}, **key)).status_code == 422
    assert (await stocked.post(EXECUTE, {}, **key)).status_code == 202


async def test_requests_are_forgotten_after_seven_days(stocked: Rig) -> None:
    for key in ("old", "new"):
        await stocked.post(EXECUTE, {}, **{"Idempotency-Key": key})
    age = "UPDATE execution_requests SET created_at = now() - interval '7 days 1 minute' WHERE key = 'api:old'"
    await stocked.connection.execute(age)
    await forget_old_requests(stocked.composer)
    assert await stocked.connection.fetchval("SELECT array_agg(key) FROM execution_requests") == ["api:new"]


async def test_cancelling_is_noted_once_and_said_once(stocked: Rig) -> None:
    execution = (await stocked.post(EXECUTE)).json()["execution_id"]
    first, second = [await stocked.post(f"/api/executions/{execution}/cancel") for _ in range(2)]
    assert (first.status_code, first.json()) == (202, second.json())
    assert len(stocked.said("flow_execution.cancel_requested")) == 1
    row = await row_of(stocked, execution)
    assert (row["cancel_requested_by"], row["state"]) == (LOCAL_PERSON, "requested")
    await stocked.connection.execute("UPDATE query_flow_executions SET state = 'cancelled'")
    assert (await stocked.post(f"/api/executions/{execution}/cancel")).status_code == 202
    await stocked.connection.execute("UPDATE query_flow_executions SET state = 'succeeded'")
    ended = await stocked.post(f"/api/executions/{execution}/cancel")
    assert (ended.status_code, ended.json()["error"]) == (409, "EXECUTION_ENDED")
    assert (await stocked.post(f"/api/executions/{uuid4()}/cancel")).status_code == 404


async def test_a_trigger_message_starts_one_execution_however_often_it_comes(stocked: Rig) -> None:
    trigger = FlowTrigger(composition_id="comp_things", parameters={"least": 9}, idempotency_key="order-1")
    for _ in range(3):
        await on_flow_trigger(trigger, stocked.composer)
    (row,) = await stocked.connection.fetch("SELECT trigger_kind, trigger_id, parameters FROM query_flow_executions")
    assert (row["trigger_kind"], row["trigger_id"], json.loads(row["parameters"])) == (
        "message",
        "order-1",
        {"least": 9},
    )


@pytest.mark.parametrize(
    ("trigger", "refusal"),
    [
        ({"composition_id": "comp_absent"}, NotFound),
        ({"composition_id": "not an id"}, NotFound),
        ({"composition_id": "comp_things", "parameters": {"least": "x"}}, Invalid),
    ],
)
async def test_a_bad_trigger_is_refused_with_its_reason(
    stocked: Rig, trigger: dict[str, Any], refusal: type[Refused]
) -> None:
    with pytest.raises(refusal):
        await on_flow_trigger(FlowTrigger(**trigger, idempotency_key="k"), stocked.composer)
    assert await stocked.count("query_flow_executions") == 0


async def schedule(rig: Rig, **changes: Any) -> UUID:
    await publish(rig)
    body = {"composition_id": "comp_things", "cron": "0 9 * * *", "time_zone": "Asia/Tokyo", **changes}
    return UUID((await rig.saved("/api/schedules", body))["id"])


def due(schedule_id: UUID, day: int) -> ScheduleFired:
    moment = datetime(2026, 11, day, 20, tzinfo=UTC)
    return ScheduleFired(schedule_id=schedule_id, fire_time=moment, composition_id="comp_things")


async def test_a_due_time_starts_one_execution_for_its_local_day(stocked: Rig) -> None:
    fired = due(await schedule(stocked, parameters={"least": 4}), day=22)
    await asyncio.gather(*(on_schedule_fired(fired, stocked.composer) for _ in range(3)))
    (row,) = await stocked.connection.fetch("SELECT * FROM query_flow_executions")
    assert row["logical_date"] == date(2026, 11, 23)  # 20:00 UTC is 05:00 of the next day in Tokyo
    assert (row["trigger_kind"], row["schedule_id"]) == ("schedule", fired.schedule_id)
    assert json.loads(row["parameters"]) == {"least": 4}


async def test_a_due_time_that_finds_an_execution_open_starts_none_and_is_noted(stocked: Rig) -> None:
    schedule_id = await schedule(stocked)
    for day in (22, 23, 22):
        await on_schedule_fired(due(schedule_id, day), stocked.composer)
    assert await stocked.count("query_flow_executions") == 1
    noted = await stocked.connection.fetch("SELECT key, overlapped FROM execution_requests ORDER BY key")
    assert [("-22T" in row["key"], row["overlapped"]) for row in noted] == [(True, False), (False, True)]
    await stocked.connection.execute("UPDATE query_flow_executions SET state = 'failed'")
    await on_schedule_fired(due(schedule_id, 23), stocked.composer)
    assert await stocked.count("query_flow_executions") == 1
    await on_schedule_fired(due(schedule_id, 24), stocked.composer)
    assert await stocked.count("query_flow_executions") == 2


async def test_a_due_time_of_a_schedule_that_ended_starts_nothing(stocked: Rig) -> None:
    schedule_id = await schedule(stocked)
    address = f"/api/schedules/{schedule_id}"
    await stocked.client.patch(address, json={"is_active": False}, headers={"If-Match": '"1"'})
    await on_schedule_fired(due(schedule_id, 22), stocked.composer)
    await stocked.client.delete(address, headers={"If-Match": '"2"'})
    await on_schedule_fired(due(schedule_id, 22), stocked.composer)
    assert await stocked.count("query_flow_executions") == 0
