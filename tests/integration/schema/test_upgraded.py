"""What the product can do with the rows of a database that was filled before there were compositions."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from composer.handlers import on_schedule_fired
from queryflow.bus.local import LocalBus
from queryflow.db.outbox import Outbox
from queryflow.db.pool import open_engine, open_pool
from queryflow.messages.schedule import ScheduleFired
from queryflow.schema.migrate import migrate
from queryflow.schema.people import LOCAL_PERSON
from scheduler.process.scheduler import Scheduler
from scheduler.process.settings import SchedulerSettings
from scheduler.ticker import tick
from tests.integration.composer.rig import Rig, open_rig

WORKFLOW = UUID("33333333-3333-3333-3333-333333333333")
BY_HAND = UUID("33333333-3333-3333-3333-333333333334")
SCHEDULE = UUID("44444444-4444-4444-4444-444444444444")
FILLED = """
    INSERT INTO users (id, name) VALUES
        ('11111111-1111-1111-1111-111111111111', 'local'), ('11111111-1111-1111-1111-111111111112', 'local-2');
    INSERT INTO query_flow_templates (id, template_id, name, sql_template, version, created_by, tags, is_active) VALUES
        ('22222222-2222-2222-2222-222222222222', 'top', 'Top',
         'SELECT name FROM things WHERE amount >= {{least}} LIMIT {{most}}', 3,
         '11111111-1111-1111-1111-111111111111', '{sales}', true),
        ('22222222-2222-2222-2222-222222222223', 'paths', 'Paths',
         'SELECT campaign FROM dsp_impressions WHERE campaign = CUSTOM_PARAMETER(''campaign'')', 1, NULL, NULL, true),
        ('22222222-2222-2222-2222-222222222224', 'empty', 'Empty', '', 1, NULL, NULL, true),
        ('22222222-2222-2222-2222-222222222225', 'retired', 'Retired', 'SELECT 1 AS one', 1, NULL, NULL, false);
    INSERT INTO template_parameters
        (template_id, parameter_name, display_name, parameter_type, required, default_value, validation_rules,
         order_index)
    VALUES
        ('22222222-2222-2222-2222-222222222222', 'most', NULL, 'int', true, '10', '{"min": 1, "step": 5}', 2),
        ('22222222-2222-2222-2222-222222222222', 'least', 'At least', 'integer', true, '"many"', NULL, 1),
        ('22222222-2222-2222-2222-222222222223', 'campaign', NULL, 'combo box', true, NULL, '["?"]', 1);
    INSERT INTO template_chart_configs (template_id, chart_name, chart_type) VALUES
        ('22222222-2222-2222-2222-222222222222', 'Bars', 'bar');
    INSERT INTO workflows (id, name, template_id, sql_query, parameters, engine_connection) VALUES
        ('33333333-3333-3333-3333-333333333333', 'Weekly', 'top', NULL, '{"least": 2}', 'sample'),
        ('33333333-3333-3333-3333-333333333334', 'By hand', NULL, 'SELECT {{n}} AS n', '{"n": 1}', 'sample');
    INSERT INTO workflow_executions (workflow_id, state) VALUES ('33333333-3333-3333-3333-333333333333', 'succeeded');
    INSERT INTO workflow_schedules (id, workflow_id, cron, updated_at) VALUES
        ('44444444-4444-4444-4444-444444444444', '33333333-3333-3333-3333-333333333333', '* * * * *',
         now() - interval '2 minutes');
"""


@pytest.fixture
async def upgraded(empty_database: str) -> AsyncIterator[Rig]:
    """A composer on a database that was filled at the first phase."""
    await migrate(empty_database, revision="0001")
    connection = await asyncpg.connect(empty_database)
    await connection.execute(FILLED)
    await connection.close()
    await migrate(empty_database)
    async with open_rig(empty_database) as rig:
        yield rig


def parameters(document: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    return {name: (each["type"], each.get("default")) for name, each in document["parameters"].items()}


async def test_a_template_is_read_and_a_new_version_of_it_is_saved(upgraded: Rig) -> None:
    answer = await upgraded.client.get("/api/templates/top")
    assert answer.status_code == 200, answer.text
    read = answer.json()
    assert (read["version"], read["dialect"], read["tags"]) == (3, "duckdb", ["sales"])
    assert parameters(read) == {"least": ("integer", None), "most": ("integer", 10)}
    assert read["parameters"]["most"]["rules"] == {"minimum": 1}
    assert [each["name"] for each in read["charts"]] == ["Bars"]
    listed = (await upgraded.client.get("/api/templates")).json()["items"]
    assert [each["template_id"] for each in listed] == ["paths", "top"]
    taken = await upgraded.post("/api/templates", read)
    assert (taken.status_code, taken.json()["error"]) == (409, "TEMPLATE_EXISTS")
    same = await upgraded.client.put("/api/templates/top", json=read, headers={"If-Match": '"3"'})
    assert (same.status_code, same.json()["version"]) == (200, 3)
    changed = {**read, "sql": "SELECT name FROM things WHERE amount > {{least}} LIMIT {{most}}"}
    saved = await upgraded.client.put("/api/templates/top", json=changed, headers={"If-Match": '"3"'})
    assert (saved.status_code, saved.json()["version"]) == (200, 4)


async def test_a_template_of_amc_is_known_as_such(upgraded: Rig) -> None:
    read = (await upgraded.client.get("/api/templates/paths")).json()
    assert (read["dialect"], parameters(read)) == ("amc", {"campaign": ("string", None)})


@pytest.mark.parametrize("template_id", ["empty", "retired"])
async def test_a_template_without_a_text_or_out_of_use_begins_again(upgraded: Rig, template_id: str) -> None:
    assert (await upgraded.client.get(f"/api/templates/{template_id}")).status_code == 404
    document = {"template_id": template_id, "name": "New", "dialect": "duckdb", "sql": "SELECT 2 AS two"}
    saved = await upgraded.saved("/api/templates", {"queryflow": 1, "kind": "template", **document})
    assert saved["sql"] == "SELECT 2 AS two"
    assert (await upgraded.client.get(f"/api/templates/{template_id}")).json()["version"] == saved["version"]


async def test_a_flow_of_an_old_template_is_saved_and_executed(upgraded: Rig) -> None:
    document = {
        "queryflow": 1,
        "kind": "composition",
        "composition_id": "comp_top",
        "name": "Top",
        "connection": "sample",
        "nodes": {"top": {"template": "top", "parameters": {"least": 1}}},
    }
    saved = await upgraded.saved("/api/compositions", document)
    assert (saved["problems"], saved["nodes"]["top"]["template"]) == ([], "top@3")
    assert (await upgraded.post("/api/compositions/comp_top/execute")).status_code == 202
    unknown = {**document, "composition_id": "comp_empty", "nodes": {"empty": {"template": "empty"}}}
    refused = await upgraded.post("/api/compositions", unknown)
    assert (refused.status_code, refused.json()["details"]["problems"][0]["code"]) == (422, "UNKNOWN_TEMPLATE")
    text = {"name": "New", "dialect": "duckdb", "sql": "SELECT 2 AS two"}
    inline = {**unknown, "templates": {"empty": text}}
    assert (await upgraded.post("/api/compositions", inline)).status_code == 201


@pytest.mark.parametrize("workflow", [WORKFLOW, BY_HAND])
async def test_a_saved_query_is_read_changed_and_executed(upgraded: Rig, workflow: UUID) -> None:
    address = f"/api/workflows/{workflow}"
    read = (await upgraded.client.get(address)).json()
    answer = await upgraded.post(f"{address}/execute")
    assert answer.status_code == 202, answer.text
    changed = await upgraded.client.put(address, json={**read, "name": "Renamed"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["problems"]) == (200, [])


async def test_its_schedule_is_listed_fires_and_runs_it(upgraded: Rig, empty_database: str) -> None:
    [listed] = (await upgraded.client.get("/api/schedules")).json()["items"]
    assert (listed["id"], listed["workflow_id"]) == (str(SCHEDULE), str(WORKFLOW))
    settings = SchedulerSettings(database_url=empty_database)
    engine = open_engine(empty_database, role=settings.role, size=1)
    async with await open_pool(empty_database, role=settings.role, maximum=1) as pool:
        await tick(Scheduler(engine, Outbox("scheduler", pool, LocalBus(), settings), settings))
    await engine.dispose()
    said = await upgraded.connection.fetch("SELECT body FROM scheduler_outbox WHERE type = 'schedule.fired'")
    [fired] = [ScheduleFired.model_validate_json(each["body"]) for each in said]
    assert (fired.composition_id, fired.workflow_id) == (None, WORKFLOW)
    await on_schedule_fired(fired, upgraded.composer)
    [row] = await upgraded.connection.fetch("SELECT * FROM query_flow_executions")
    assert (row["workflow_id"], row["schedule_id"]) == (WORKFLOW, SCHEDULE)


async def test_a_person_called_as_ours_keeps_the_name(upgraded: Rig) -> None:
    people = {row["id"]: row["name"] for row in await upgraded.connection.fetch("SELECT id, name FROM users")}
    assert people[UUID("11111111-1111-1111-1111-111111111111")] == "local"
    assert people[LOCAL_PERSON] == "local-3"
