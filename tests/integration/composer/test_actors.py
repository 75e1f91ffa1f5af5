"""From the door to the row: whatever a request writes names the person who sent it, and nobody else."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from queryflow.access.actor import Actor, ActorKind
from queryflow.domain.ids import PersonId
from queryflow.http.actor import current_actor
from queryflow.schema.people import LOCAL_PERSON
from queryflow.schema.tables import metadata
from tests.integration.composer.rig import Rig, flow, open_rig, with_templates

ANA = PersonId(UUID(int=0xA1))
NAMING = [
    (table.name, column.name)
    for table in metadata.sorted_tables
    for column in table.columns
    if any(key.target_fullname == "users.id" for key in column.foreign_keys)
]
"""Every column that names a person."""
UNUSED = {(table, "user_id") for table in ("user_template_favorites", "user_composition_favorites", "template_ratings")}
"""No route writes them yet."""


@pytest.fixture
async def hers(module_database: str, tmp_path: Path) -> AsyncIterator[Rig]:
    """A composer whose requests all come from Ana."""

    async def ana() -> Actor:
        return Actor(ActorKind.PERSON, ANA)

    async with open_rig(module_database, tmp_path) as rig:
        await rig.empty()
        await rig.connection.execute("DELETE FROM engine_connections WHERE name <> 'sample'")
        await rig.connection.execute("INSERT INTO users (id, name) VALUES ($1, 'ana') ON CONFLICT DO NOTHING", ANA)
        rig.app.dependency_overrides[current_actor] = ana
        yield rig


async def named(rig: Rig, table: str, column: str) -> set[UUID]:
    kept = "" if table != "engine_connections" else "WHERE name <> 'sample'"
    return {row[0] for row in await rig.connection.fetch(f"SELECT DISTINCT {column} FROM {table} {kept}")} - {None}


async def test_what_a_person_does_names_that_person_in_every_row(hers: Rig, tmp_path: Path) -> None:
    await hers.saved("/api/engine-connections", {"name": "sales", "settings": {"folder": str(tmp_path)}})
    await with_templates(hers)
    await hers.saved("/api/compositions", flow())
    changed = flow(name="Her things")
    address = "/api/compositions/comp_things"
    assert (await hers.client.put(address, json=changed, headers={"If-Match": "*"})).status_code == 200
    assert (await hers.post(f"{address}/publish")).status_code == 200
    weekly = {"composition_id": "comp_things", "cron": "0 9 * * 1", "time_zone": "Europe/Berlin"}
    await hers.saved("/api/schedules", weekly)
    await hers.saved("/api/workflows", {"name": "Things", "template_id": "top_things", "connection": "sample"})
    started = await hers.post(f"{address}/execute", {}, **{"Idempotency-Key": "hers"})
    assert (await hers.post(f"/api/executions/{started.json()['execution_id']}/cancel")).status_code == 202
    names = {each: await named(hers, *each) for each in NAMING}
    assert {each: found for each, found in names.items() if found - {ANA}} == {}
    assert {each for each, found in names.items() if not found} == UNUSED
    told = [json.loads(each.body) for each in hers.bus.sent if each.type.startswith("composition.")]
    assert {each["by"] for each in told} == {str(ANA)}


async def test_the_same_key_of_two_people_starts_two_executions(hers: Rig) -> None:
    await with_templates(hers)
    await hers.saved("/api/compositions", flow())
    keyed = {"Idempotency-Key": "the same"}
    first = await hers.post("/api/compositions/comp_things/execute", {}, **keyed)
    hers.app.dependency_overrides.clear()
    second = await hers.post("/api/compositions/comp_things/execute", {}, **keyed)
    assert first.json()["execution_id"] != second.json()["execution_id"]
    assert await named(hers, "query_flow_executions", "requested_by") == {ANA, LOCAL_PERSON}
