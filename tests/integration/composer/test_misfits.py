"""Schedules that do not fit, or no longer: refused like executions, and always to be switched off."""

from typing import Any

import pytest

from tests.integration.composer.rig import Rig, flow
from tests.integration.composer.test_schedules import WEEKLY, published

__all__ = ["published"]

OPEN = {"least": {"type": "integer"}}


def paths(problems: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["code"], each["path"]) for each in problems]


async def publish(rig: Rig, **changes: Any) -> None:
    composition = (await rig.client.get("/api/compositions/comp_things")).json()
    tag = {"If-Match": f'"{composition["revision"]}"'}
    saved = await rig.client.put("/api/compositions/comp_things", json=flow(**changes), headers=tag)
    assert saved.status_code == 200, saved.text
    said = await rig.client.post("/api/compositions/comp_things/publish", headers={"If-Match": "*"})
    assert said.status_code == 200, said.text


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, ("MISSING_VALUE", "parameters.least")),
        ({"least": 2**63}, ("BEYOND_64_BITS", "parameters.least")),
        ({"least": "x"}, ("WRONG_TYPE", "parameters.least")),
    ],
)
async def test_a_schedule_is_refused_for_what_an_execution_is(
    published: Rig, given: dict[str, Any], problem: tuple[str, str]
) -> None:
    await publish(published, parameters=OPEN)
    schedule = await published.post("/api/schedules", {**WEEKLY, "parameters": given})
    execution = await published.post("/api/compositions/comp_things/execute", {"parameters": given})
    for refused in (schedule, execution):
        assert refused.status_code == 422
        assert paths(refused.json()["details"]["problems"]) == [problem]


async def test_a_schedule_that_no_longer_fits_says_so_and_can_be_switched_off(published: Rig) -> None:
    saved = await published.saved("/api/schedules", WEEKLY)
    assert saved["problems"] == []
    await publish(
        published,
        parameters={"most": {"type": "integer"}},
        nodes={
            "top": {"template": "top_things", "parameters": {"least": {"flow": "most"}}},
            "detail": {"template": "things_named"},
        },
    )
    address, expected = f"/api/schedules/{saved['id']}", [("MISSING_VALUE", "parameters.most")]
    read = await published.client.get(address)
    assert paths(read.json()["problems"]) == expected
    tag = {"If-Match": read.headers["etag"]}
    refused = await published.client.patch(address, json={"cron": "0 8 * * 1"}, headers=tag)
    assert (refused.status_code, paths(refused.json()["details"]["problems"])) == (422, expected)
    off = await published.client.patch(address, json={"is_active": False}, headers=tag)
    assert (off.status_code, off.json()["is_active"], paths(off.json()["problems"])) == (200, False, expected)
    on = await published.client.patch(address, json={"is_active": True}, headers={"If-Match": "*"})
    assert (on.status_code, paths(on.json()["details"]["problems"])) == (422, expected)
    mended = {"is_active": True, "parameters": {"most": 5}}
    on = await published.client.patch(address, json=mended, headers={"If-Match": "*"})
    assert (on.status_code, on.json()["problems"]) == (200, [])


async def test_a_schedule_whose_engine_connection_is_gone_can_be_switched_off(published: Rig) -> None:
    saved = await published.saved("/api/schedules", WEEKLY)
    await published.connection.execute("UPDATE engine_connections SET is_active = false WHERE name = 'sample'")
    off = await published.client.patch(
        f"/api/schedules/{saved['id']}", json={"is_active": False}, headers={"If-Match": "*"}
    )
    assert (off.status_code, paths(off.json()["problems"])) == (200, [("UNKNOWN_CONNECTION", "connection")])
    refused = await published.post("/api/schedules", WEEKLY)
    assert paths(refused.json()["details"]["problems"]) == [("UNKNOWN_CONNECTION", "connection")]


async def test_a_schedule_of_what_is_gone_says_what(published: Rig) -> None:
    saved = await published.saved("/api/schedules", {**WEEKLY, "is_active": False})
    await published.client.delete("/api/compositions/comp_things", headers={"If-Match": "*"})
    read = await published.client.get(f"/api/schedules/{saved['id']}")
    assert paths(read.json()["problems"]) == [("NOT_FOUND", "composition_id")]
