"""Rows that are too large for one answer are refused at once, with advice that can be followed."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from queryflow_cli.client.calls.executions import ExecutionCalls
from status.process.status import Status
from tests.integration.status.test_api import get, stored
from tests.integration.status.world import World

MIXED = "SELECT i, 'ä\n' || chr(7) || repeat('😀', 30_000) AS wild, [repeat('x', 5_000)] AS list"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT i, repeat('x', 100_000) AS text FROM range(1000) t(i)",
        "SELECT i, repeat('x', 700_000) AS more_than_the_sandbox_holds FROM range(1000) t(i)",
        "SELECT i, repeat('x', 4_000_000) AS text FROM range(50) t(i)",
        "SELECT i, encode(repeat('x', 100_000)) AS bytes FROM range(1000) t(i)",
        f"{MIXED} FROM range(1000) t(i)",
        "SELECT i, repeat('\"\\', 30_000) AS quoted FROM range(1000) t(i)",
        "SELECT i, list_resize([0.5::DOUBLE], 10_000, 0.25::DOUBLE) AS numbers FROM range(200) t(i)",
        "SELECT i, CASE WHEN i = 20 THEN repeat('y', 40_000_000) ELSE 'small' END AS text FROM range(30) t(i)",
    ],
)
async def test_the_refusal_names_the_limit_that_fits(
    world: World, status: Status, client: httpx2.AsyncClient, tmp_path: Path, query: str
) -> None:
    execution = await stored(world, status, tmp_path, query)
    path = f"/api/executions/{execution}/nodes/top/results"
    refused = await get(client, path, 422, limit=1_000)
    assert refused["error"] == "PAGE_TOO_LARGE"
    [problem] = refused["details"]["problems"]
    limit = problem["fixes"][0]["patch"]["limit"]
    assert f"limit={limit}" in refused["message"]
    page = await get(client, path, limit=limit)
    assert len(page["rows"]) == limit
    assert [row[0] for row in page["rows"]] == list(range(limit))


async def test_a_row_that_no_answer_holds_names_its_largest_column_and_can_be_left_out(
    world: World, status: Status, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    large = "CASE WHEN i = 1 THEN repeat('x', 70_000_000) ELSE 'small' END"
    execution = await stored(world, status, tmp_path, f"SELECT i, {large} AS text FROM range(3) t(i)")
    path = f"/api/executions/{execution}/nodes/top/results"
    assert "limit=1" in (await get(client, path, 422))["message"]
    refused = await get(client, path, 422, limit=1, offset=1)
    assert refused["error"] == "ROW_TOO_LARGE"
    assert "Row 2 alone has 66 MB, 66 MB of it in the column text" in refused["message"]
    assert "offset=2" in refused["message"]
    assert (await get(client, path, offset=2))["rows"] == [[2, "small"]]


async def test_a_single_large_row_is_given(
    world: World, status: Status, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    execution = await stored(world, status, tmp_path, "SELECT repeat('x', 40_000_000) AS large FROM range(2)")
    path = f"/api/executions/{execution}/nodes/top/results"
    assert "limit=1" in (await get(client, path, 422))["message"]
    [[value]] = (await get(client, path, limit=1))["rows"]
    assert len(value) == 40_000_000


async def test_the_command_line_reads_all_rows_of_a_result_with_large_pages(
    world: World, status: Status, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    execution = await stored(world, status, tmp_path, "SELECT i, repeat('x', 2_000_000) AS text FROM range(40) t(i)")
    seen: list[Any] = []
    async for page in ExecutionCalls(client).result_pages(str(execution), "top"):
        seen += [row[0] for row in page["rows"]]
    assert seen == list(range(40))
