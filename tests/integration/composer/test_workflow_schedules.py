"""Schedules of saved queries: saved, listed, and answered as those of compositions are."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from composer.handlers import on_schedule_fired
from queryflow.domain.ids import ScheduleId, due_time_key
from queryflow.messages.schedule import ScheduleFired
from tests.integration.composer.rig import Rig, with_templates

WORKFLOW: dict[str, Any] = {"name": "Things", "template_id": "top_things", "connection": "sample"}
AT = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


@pytest.fixture
async def workflow(rig: Rig) -> str:
    await with_templates(rig)
    return str((await rig.saved("/api/workflows", WORKFLOW))["id"])


def weekly(workflow: str, **changes: Any) -> dict[str, Any]:
    return {"workflow_id": workflow, "cron": "0 9 * * 1", "time_zone": "Europe/Berlin", **changes}


async def fire(rig: Rig, schedule: str, at: datetime = AT) -> None:
    event = ScheduleFired(schedule_id=UUID(schedule), fire_time=at, workflow_id=None)
    await on_schedule_fired(event, rig.composer)


async def test_a_schedule_of_a_workflow_is_saved_listed_changed_and_removed(rig: Rig, workflow: str) -> None:
    saved = await rig.saved("/api/schedules", weekly(workflow, parameters={"least": 4}))
    assert (saved["composition_id"], saved["workflow_id"], saved["version"]) == (None, workflow, None)
    address = f"/api/schedules/{saved['id']}"
    for listing in ("/api/schedules", f"/api/schedules?workflow_id={workflow}"):
        assert [each["id"] for each in (await rig.client.get(listing)).json()["items"]] == [saved["id"]]
    other = "00000000-0000-0000-0000-000000000009"
    assert (await rig.client.get(f"/api/schedules?workflow_id={other}")).json()["items"] == []
    changed = await rig.client.patch(address, json={"cron": "0 8 * * 1"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["cron"]) == (200, "0 8 * * 1")
    kept = await rig.client.delete(f"/api/workflows/{workflow}", headers={"If-Match": "*"})
    assert (kept.status_code, kept.json()["error"]) == (409, "HAS_ACTIVE_SCHEDULES")
    assert (await rig.client.delete(address, headers={"If-Match": '"2"'})).status_code == 204
    assert (await rig.client.delete(f"/api/workflows/{workflow}", headers={"If-Match": "*"})).status_code == 204


async def test_a_due_time_runs_the_workflow_once(rig: Rig, workflow: str) -> None:
    saved = await rig.saved("/api/schedules", weekly(workflow, parameters={"least": 4}))
    await fire(rig, saved["id"])
    await fire(rig, saved["id"])
    [row] = await rig.connection.fetch("SELECT * FROM query_flow_executions")
    assert (row["workflow_id"], row["composition_id"], row["schedule_id"]) == (
        UUID(workflow),
        None,
        UUID(saved["id"]),
    )
    assert (row["trigger_kind"], row["logical_date"].isoformat()) == ("schedule", "2026-11-23")
    assert json.loads(row["node_parameters"]) == {"query": {"least": 4}}
    await fire(rig, saved["id"], AT.replace(day=30))  # while the first is open
    assert await rig.count("query_flow_executions") == 1
    key = due_time_key(ScheduleId(UUID(saved["id"])), AT.replace(day=30))
    assert await rig.connection.fetchval("SELECT overlapped FROM execution_requests WHERE key = $1", key)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"cron": "@daily"}, ("INVALID_CRON", "cron")),
        ({"time_zone": "Mars"}, ("UNKNOWN_TIME_ZONE", "time_zone")),
        ({"version": "0" * 64}, ("VERSION_NOT_FOUND", "version")),
        ({"parameters": {"least": "x"}}, ("WRONG_TYPE", "parameters.least")),
        ({"parameters": {"other": 1}}, ("UNKNOWN_PARAMETER", "parameters.other")),
        ({"composition_id": "comp_things"}, ("INVALID_VALUE", "")),
        ({"workflow_id": None}, ("INVALID_VALUE", "")),
    ],
)
async def test_a_wrong_schedule_is_refused_with_its_place(
    rig: Rig, workflow: str, wrong: dict[str, Any], problem: tuple[str, str]
) -> None:
    refused = await rig.post("/api/schedules", weekly(workflow, **wrong))
    assert refused.status_code == 422, refused.text
    assert [(each["code"], each["path"]) for each in refused.json()["details"]["problems"]] == [problem]


async def test_a_schedule_of_a_workflow_that_fits_no_more_can_be_switched_off(rig: Rig, workflow: str) -> None:
    saved = await rig.saved("/api/schedules", weekly(workflow, parameters={"least": 4}))
    other = {**WORKFLOW, "template_id": "things_named"}
    await rig.client.put(f"/api/workflows/{workflow}", json=other, headers={"If-Match": "*"})
    address = f"/api/schedules/{saved['id']}"
    refused = await rig.client.patch(address, json={"cron": "0 8 * * 1"}, headers={"If-Match": "*"})
    assert refused.status_code == 422
    off = await rig.client.patch(address, json={"is_active": False}, headers={"If-Match": "*"})
    assert (off.status_code, off.json()["is_active"]) == (200, False)


async def test_a_workflow_that_is_not_there_is_not_scheduled(rig: Rig) -> None:
    missing = "00000000-0000-0000-0000-000000000009"
    assert (await rig.post("/api/schedules", weekly(missing))).status_code == 404
