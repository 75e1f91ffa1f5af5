"""What status answers over HTTP, from rows and from the projection."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import duckdb
import httpx2

from queryflow.messages.execution import ExecutionProgressed, NodeStarted
from queryflow.schema.people import LOCAL_PERSON
from status.handlers import on_execution, on_progress
from status.process.status import Status
from tests.integration.status.world import World
from tests.unit.status.making import life

HOUR = timedelta(hours=1)


async def get(client: httpx2.AsyncClient, path: str, expected: int = 200, **parameters: Any) -> Any:
    answer = await client.get(path, params=parameters)
    assert answer.status_code == expected, answer.text
    return answer.json()


async def code(client: httpx2.AsyncClient, path: str, expected: int, **parameters: Any) -> str:
    """The code of a refusal, in the one shape of errors."""
    body = await get(client, path, expected, **parameters)
    assert set(body) == {"error", "message", "details"}
    return str(body["error"])


async def test_an_execution_that_was_just_requested_is_found_with_its_nodes(
    world: World, client: httpx2.AsyncClient
) -> None:
    composition = await world.composition()
    execution = await world.execution(composition)
    found = await get(client, f"/api/executions/{execution}")
    assert found["execution_id"] == str(execution)
    assert (found["composition_id"], found["state"], found["reason"]) == (composition, "requested", None)
    assert found["window"] == {"start": "2026-11-01T00:00:00Z", "end": "2026-11-08T00:00:00Z", "time_zone": "UTC"}
    assert found["trigger"] == {"kind": "api", "id": None}
    assert found["requested_by"] == str(LOCAL_PERSON)
    assert found["counts"] == {"pending": 3}
    assert [(node["node_id"], node["template_id"], node["state"]) for node in found["nodes"]] == [
        ("top", "template_top", "pending"),
        ("overlap", "template_overlap", "pending"),
        ("paths", "template_paths", "pending"),
    ]


async def test_following_an_execution_is_not_available_yet(world: World, client: httpx2.AsyncClient) -> None:
    execution = await world.execution()
    assert await code(client, f"/api/executions/{execution}/events", 422) == "NOT_AVAILABLE"


async def test_an_execution_is_read_from_the_executors_rows(world: World, client: httpx2.AsyncClient) -> None:
    execution = await world.execution(state="running")
    await world.node(execution, "paths", "skipped", reason="upstream_failed")
    await world.node(execution, "overlap", "failed", attempt=2, error_kind="REJECTED", error_message="No such column.")
    await world.node(
        execution,
        "top",
        "succeeded",
        row_count=7,
        seconds=0.25,
        is_sink=True,
        parameters={"campaigns": ["01", "2"], "least": 1},
    )
    found = await get(client, f"/api/executions/{execution}")
    assert found["counts"] == {"succeeded": 1, "failed": 1, "skipped": 1}
    top, overlap, paths = found["nodes"]
    assert top == {
        "node_id": "top",
        "template_id": "template_top",
        "state": "succeeded",
        "reason": None,
        "phase": None,
        "attempt": 1,
        "rows": 7,
        "seconds": 0.25,
        "parameters": {"campaigns": ["01", "2"], "least": 1},
        "reused_from": None,
        "error": None,
        "is_sink": True,
    }
    assert (overlap["attempt"], overlap["error"]) == (2, {"kind": "REJECTED", "message": "No such column."})
    assert (paths["state"], paths["reason"]) == ("skipped", "upstream_failed")


async def test_a_node_is_read_with_what_it_sent_and_its_tries(world: World, client: httpx2.AsyncClient) -> None:
    execution = await world.execution(state="running")
    row = await world.node(execution, "top", "succeeded", attempt=2, rendered_sql="SELECT 1")
    insert = """
        INSERT INTO node_attempts (workflow_execution_id, attempt, fence, state, error_kind, finished_at)
        VALUES ($1, 2, 2, 'succeeded', NULL, now()), ($1, 1, 1, 'retried', 'TRANSIENT', now() - interval '1 second')
    """
    await world.pool.execute(insert, row)
    found = await get(client, f"/api/executions/{execution}/nodes/top")
    assert (found["template_id"], found["state"], found["sql"]) == ("template_top", "succeeded", "SELECT 1")
    assert [(each["attempt"], each["state"], each["error"]) for each in found["attempts"]] == [
        (1, "retried", {"kind": "TRANSIENT", "message": ""}),
        (2, "succeeded", None),
    ]
    waiting = await get(client, f"/api/executions/{execution}/nodes/paths")
    assert (waiting["state"], waiting["sql"], waiting["attempts"]) == ("pending", None, [])
    assert await code(client, f"/api/executions/{execution}/nodes/nowhere", 404) == "NODE_NOT_FOUND"


async def test_executions_are_listed_page_by_page_the_newest_first(world: World, client: httpx2.AsyncClient) -> None:
    composition = await world.composition()
    made = [await world.execution(composition, age=number * HOUR) for number in range(5)]
    found: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await get(client, "/api/executions", composition_id=composition, limit=2, **cursor)
        assert len(page["items"]) <= 2
        found += [item["execution_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == [str(execution) for execution in made]
    row = await world.pool.fetchval("SELECT id FROM template_flow_compositions WHERE composition_id = $1", composition)
    by_row = await get(client, "/api/executions", composition_id=row)
    assert [item["execution_id"] for item in by_row["items"]] == found


async def test_lists_show_the_rows_state_and_the_projections_counts(
    world: World, status: Status, client: httpx2.AsyncClient
) -> None:
    composition = await world.composition()
    running = await world.execution(composition, state="running")
    ended = await world.execution(composition, state="failed", counts={"failed": 2, "skipped": 1}, age=HOUR)
    await on_execution(life(running, "failed", cancelled=False)[:2], status)  # type: ignore[arg-type]  # a word will do
    started = NodeStarted(node_id="top", attempt=1, sequence=1, at=await world.now())
    await on_progress([ExecutionProgressed(execution_id=running, facts=(started,))], status)
    items = (await get(client, "/api/executions", composition_id=composition))["items"]
    assert [(item["execution_id"], item["state"], item["counts"]) for item in items] == [
        (str(running), "running", {"running": 1, "pending": 3}),
        (str(ended), "failed", {"failed": 2, "skipped": 1}),
    ]
    assert "nodes" not in items[0]
    for state, expected in (("running", [running]), ("failed", [ended]), ("cancelled", [])):
        page = await get(client, "/api/executions", composition_id=composition, state=state)
        assert [item["execution_id"] for item in page["items"]] == [str(execution) for execution in expected]


async def test_a_list_of_an_unknown_composition_is_empty(client: httpx2.AsyncClient) -> None:
    page = await get(client, "/api/executions", composition_id="comp_nobody_made")
    assert page == {"items": [], "next_cursor": None}


async def test_the_timeline_is_told_page_by_page(world: World, status: Status, client: httpx2.AsyncClient) -> None:
    execution = await world.execution(state="running")
    now = await world.now()
    facts = [
        NodeStarted(node_id=node, attempt=1, sequence=1, at=now + timedelta(seconds=second))
        for second, node in enumerate(("top", "overlap", "paths"))
    ]
    await on_progress([ExecutionProgressed(execution_id=execution, facts=(fact,)) for fact in facts], status)
    path = f"/api/executions/{execution}/timeline"
    first = await get(client, path, limit=2)
    rest = await get(client, path, limit=2, cursor=first["next_cursor"])
    assert await code(client, path, 422, limit=201) == "INVALID"
    assert [item["node_id"] for item in (*first["items"], *rest["items"])] == ["top", "overlap", "paths"]
    assert rest["next_cursor"] is None
    assert first["items"][0]["fact"] == "node_started"


async def stored(world: World, status: Status, tmp_path: Path, query: str) -> UUID:
    """An execution whose node `top` has the result of the query."""
    execution = await world.execution(state="succeeded")
    file = tmp_path / "made.parquet"
    with duckdb.connect() as connection:
        connection.sql(query).write_parquet(str(file))
        rows = connection.sql(query).count("*").fetchall()[0][0]
    key = f"results/{execution}/{uuid4()}/1-1.parquet"
    await status.objects.put_file(key, file)
    await world.node(execution, "top", "succeeded", result_s3_path=key, row_count=rows)
    return execution


async def test_results_come_by_the_page_typed_and_exact(
    world: World, status: Status, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    query = """
        SELECT i AS number, 9007199254740993 + i AS large, '00' || i AS text, 1.10::DECIMAL(9, 2) AS price,
               DATE '2026-11-22' AS day, CASE i WHEN 3 THEN 'nan'::DOUBLE ELSE 0.5 END AS share
        FROM range(5) AS rows (i)
    """
    execution = await stored(world, status, tmp_path, query)
    page = await get(client, f"/api/executions/{execution}/nodes/top/results", limit=2, offset=2)
    assert (page["total"], page["limit"], page["offset"]) == (5, 2, 2)
    assert [(column["name"], column["type"], column["non_finite"]) for column in page["columns"]] == [
        ("number", "BIGINT", False),
        ("large", "BIGINT", False),
        ("text", "VARCHAR", False),
        ("price", "DECIMAL(9,2)", False),
        ("day", "DATE", False),
        ("share", "DOUBLE", True),
    ]
    assert page["rows"] == [
        [2, "9007199254740995", "002", "1.10", "2026-11-22", 0.5],
        [3, "9007199254740996", "003", "1.10", "2026-11-22", None],
    ]
    beyond = await get(client, f"/api/executions/{execution}/nodes/top/results", offset=5)
    assert (beyond["rows"], beyond["total"]) == ([], 5)


async def test_a_result_without_rows_keeps_its_columns(
    world: World, status: Status, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    execution = await stored(world, status, tmp_path, "SELECT 1 AS a, 'x' AS b WHERE false")
    page = await get(client, f"/api/executions/{execution}/nodes/top/results")
    assert [column["name"] for column in page["columns"]] == ["a", "b"]
    assert (page["rows"], page["total"]) == ([], 0)


async def test_why_there_is_no_result(world: World, client: httpx2.AsyncClient) -> None:
    execution = await world.execution(state="running")
    await world.node(execution, "top", "running")
    await world.node(execution, "overlap", "succeeded")
    path = f"/api/executions/{execution}/nodes"
    assert await code(client, f"{path}/top/results", 409) == "NOT_FINISHED"
    assert await code(client, f"{path}/overlap/results", 404) == "NO_RESULT"
    assert await code(client, f"{path}/paths/results", 409) == "NOT_FINISHED"
    assert await code(client, f"{path}/nowhere/results", 404) == "NODE_NOT_FOUND"
    assert await code(client, f"/api/executions/{uuid4()}/nodes/top/results", 404) == "NOT_FOUND"
    await world.pool.execute(
        "UPDATE workflow_executions SET result_s3_path = 'results/gone.parquet' WHERE state = 'succeeded'"
        " AND composition_execution_id = $1",
        execution,
    )
    assert await code(client, f"{path}/overlap/results", 404) == "RESULT_REMOVED"


async def test_what_cannot_be_asked_is_refused_in_one_shape(world: World, client: httpx2.AsyncClient) -> None:
    execution = await world.execution()
    results = f"/api/executions/{execution}/nodes/top/results"
    assert await code(client, f"/api/executions/{uuid4()}", 404) == "NOT_FOUND"
    assert await code(client, f"/api/executions/{uuid4()}/timeline", 404) == "NOT_FOUND"
    assert await code(client, "/api/executions/not-an-id", 422) == "INVALID"
    assert await code(client, "/api/executions", 422, cursor="x") == "INVALID_CURSOR"
    assert await code(client, "/api/executions", 422, state="sleeping") == "INVALID"
    assert await code(client, results, 422, sort="a") == "NOT_AVAILABLE"
    for limit in (0, -1, 1_001, "many"):
        assert await code(client, results, 422, limit=limit) == "INVALID"
    assert await code(client, results, 422, offset=2**63) == "INVALID"
