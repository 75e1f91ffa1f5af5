"""Definitions of schedules over HTTP."""

import asyncio
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from composer.compositions.usecases import delete_composition
from composer.rules.preconditions import Precondition
from queryflow.access.actor import LOCAL
from queryflow.domain.ids import CompositionId
from tests.integration.composer.rig import Rig, flow, with_templates
from tests.support.eventually import eventually

WEEKLY = {"composition_id": "comp_things", "cron": "0 9 * * 1", "time_zone": "Europe/Berlin"}


@pytest.fixture
async def published(rig: Rig) -> Rig:
    await with_templates(rig)
    await rig.saved("/api/compositions", flow())
    await rig.post("/api/compositions/comp_things/publish")
    return rig


async def test_a_schedule_is_saved_changed_and_removed(published: Rig) -> None:
    saved = await published.saved("/api/schedules", {**WEEKLY, "parameters": {"least": 3}})
    address = f"/api/schedules/{saved['id']}"
    read = await published.client.get(address)
    assert (read.json(), read.headers["etag"]) == (saved, '"1"')
    change = {"cron": "30 8 * * 2"}
    assert (await published.client.patch(address, json=change)).status_code == 428
    changed = await published.client.patch(address, json=change, headers={"If-Match": '"1"'})
    assert changed.json() == {**saved, **change, "updated_at": changed.json()["updated_at"]}
    assert changed.headers["etag"] == '"2"'
    assert (await published.client.patch(address, json=change, headers={"If-Match": '"1"'})).status_code == 412
    listed = await published.client.get("/api/schedules?composition_id=comp_things")
    assert [each["id"] for each in listed.json()["items"]] == [saved["id"]]
    assert (await published.client.delete(address, headers={"If-Match": '"2"'})).status_code == 204
    assert (await published.client.get(address)).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"cron": "0 0 9 * * 1"}, ("INVALID_CRON", "cron")),
        ({"cron": "@daily"}, ("INVALID_CRON", "cron")),
        ({"time_zone": "Mars/Olympus"}, ("UNKNOWN_TIME_ZONE", "time_zone")),
        ({"time_zone": "../../etc/passwd"}, ("UNKNOWN_TIME_ZONE", "time_zone")),
        ({"version": "0" * 64}, ("VERSION_NOT_FOUND", "version")),
        ({"version": "head"}, ("INVALID_VALUE", "version")),
        ({"parameters": {"least": "x"}}, ("WRONG_TYPE", "parameters.least")),
        ({"parameters": {"other": 1}}, ("UNKNOWN_PARAMETER", "parameters.other")),
        ({"colour": "red"}, ("INVALID_VALUE", "colour")),
        ({"is_active": "yes"}, ("INVALID_VALUE", "is_active")),
        ({"is_active": 1}, ("INVALID_VALUE", "is_active")),
    ],
)
async def test_a_wrong_schedule_is_refused_with_its_place(
    published: Rig, wrong: dict[str, Any], problem: tuple[str, str]
) -> None:
    refused = await published.post("/api/schedules", {**WEEKLY, **wrong})
    assert refused.status_code == 422
    assert [(each["code"], each["path"]) for each in refused.json()["details"]["problems"]] == [problem]


async def test_what_schedulers_make_of_a_schedule_is_shown_until_it_changes(published: Rig) -> None:
    saved = await published.saved("/api/schedules", WEEKLY)
    address = f"/api/schedules/{saved['id']}"
    assert saved["timer"] is None
    await published.connection.execute(
        "INSERT INTO schedule_timers (schedule_id, definition_version, next_fire_at, state, reason)"
        " VALUES ($1, 1, '2026-11-23 08:00Z', 'paused', '10 executions failed one after the other')",
        UUID(saved["id"]),
    )
    paused = {
        "state": "paused",
        "reason": "10 executions failed one after the other",
        "next_fire_at": "2026-11-23T08:00:00Z",
    }
    assert (await published.client.get(address)).json()["timer"] == paused
    assert (await published.client.get("/api/schedules")).json()["items"][0]["timer"] == paused
    changed = await published.client.patch(address, json={}, headers={"If-Match": '"1"'})
    assert changed.json()["timer"] is None


async def test_an_active_schedule_needs_something_published_and_keeps_its_composition(published: Rig) -> None:
    await published.saved("/api/compositions", flow("comp_unpublished"))
    refused = await published.post("/api/schedules", {**WEEKLY, "composition_id": "comp_unpublished"})
    assert (refused.status_code, refused.json()["error"]) == (409, "NOT_PUBLISHED")
    saved = await published.saved("/api/schedules", WEEKLY)
    kept = await published.client.delete("/api/compositions/comp_things", headers={"If-Match": '"1"'})
    assert (kept.status_code, kept.json()["error"]) == (409, "HAS_ACTIVE_SCHEDULES")
    another = await published.client.delete("/api/compositions/comp_unpublished", headers={"If-Match": '"1"'})
    assert another.status_code == 204, "no schedule runs it"
    await published.client.patch(
        f"/api/schedules/{saved['id']}", json={"is_active": False}, headers={"If-Match": '"1"'}
    )
    gone = await published.client.delete("/api/compositions/comp_things", headers={"If-Match": '"1"'})
    assert gone.status_code == 204


async def test_a_composition_that_is_just_taken_out_of_use_gets_no_schedule(published: Rig) -> None:
    resting = await published.saved("/api/schedules", {**WEEKLY, "is_active": False})
    async with published.composer.transaction(LOCAL) as transaction:
        await delete_composition(transaction, CompositionId("comp_things"), Precondition(None))
        asked = (
            asyncio.create_task(published.post("/api/schedules", WEEKLY)),
            asyncio.create_task(
                published.client.patch(
                    f"/api/schedules/{resting['id']}", json={"is_active": True}, headers={"If-Match": "*"}
                )
            ),
        )
        await eventually(partial(_wait, published, len(asked)))
    assert [(await answer).status_code for answer in asked] == [404, 404]


async def _wait(rig: Rig, number: int) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await rig.connection.fetchval(waiting) == number)


async def test_a_version_that_cannot_be_executed_yet_is_not_scheduled(published: Rig) -> None:
    nodes = {"top": {"template": "top_things", "when": "params.least > 1"}}
    await published.saved("/api/compositions", flow("comp_when", nodes=nodes, connections=[]))
    await published.post("/api/compositions/comp_when/publish")
    refused = await published.post("/api/schedules", {**WEEKLY, "composition_id": "comp_when"})
    assert (refused.status_code, refused.json()["error"]) == (422, "CONDITIONS_NOT_AVAILABLE")


async def test_a_schedule_of_a_composition_out_of_use_is_not_switched_on_again(published: Rig) -> None:
    saved = await published.saved("/api/schedules", {**WEEKLY, "is_active": False})
    await published.client.delete("/api/compositions/comp_things", headers={"If-Match": '"1"'})
    change = {"is_active": True}
    refused = await published.client.patch(f"/api/schedules/{saved['id']}", json=change, headers={"If-Match": '"1"'})
    assert refused.status_code == 404
