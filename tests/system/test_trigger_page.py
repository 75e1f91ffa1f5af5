"""The example of docs/trigger.md is run as it stands, and starts a flow."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import aio_pika
import pytest

from queryflow.messages.trigger import FlowTrigger
from tests.support.eventually import eventually
from tests.support.pages import blocks
from tests.system.conftest import System
from tests.system.test_flows import ended

PAGE = Path(__file__).resolve().parents[2] / "docs" / "trigger.md"
FLOW = {
    "queryflow": 1,
    "kind": "composition",
    "composition_id": "comp_big_customers",
    "name": "Big customers",
    "connection": "things",
    "parameters": {"least": {"type": "number", "default": 20}},
    "nodes": {"big": {"template": "big", "parameters": {"least": {"flow": "least"}}}},
    "templates": {
        "big": {
            "name": "Big", "dialect": "duckdb", "sql": "SELECT {{least}} AS least",
            "parameters": {"least": {"type": "number"}},
        }
    },
}  # fmt: skip
_STARTED = "SELECT id FROM query_flow_executions WHERE composition_key = 'comp_big_customers'"


def run_example(file: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(file)], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def example(tmp_path: Path) -> Path:
    [block] = [block for block in blocks(PAGE) if block.file == "start_flow.py"]
    file = tmp_path / "start_flow.py"
    file.write_text(block.text)
    return file


def test_the_body_on_the_page_is_the_message() -> None:
    [block] = [block for block in blocks(PAGE) if block.words == "json"]
    body = json.loads(block.text)
    assert FlowTrigger.model_validate(body).model_dump(mode="json", include=set(body)) == body


async def test_the_example_starts_the_flow_once(deployed: System, rabbitmq_url: str, example: Path) -> None:
    await deployed.client.save_composition(FLOW)
    environment = {
        "QUERYFLOW_AMQP_URL": rabbitmq_url,
        "QUERYFLOW_AMQP_PREFIX": deployed.deployment.environment["QUERYFLOW_AMQP_PREFIX"],
    }
    for _ in range(2):
        done = await asyncio.to_thread(run_example, example, environment)
        assert done.returncode == 0, done.stderr
    execution_id = str(await eventually(lambda: deployed.connection.fetchval(_STARTED)))
    assert (await ended(deployed, execution_id))["state"] == "succeeded"
    rows = await deployed.client.results(execution_id, "big")
    assert rows is not None
    assert rows["rows"] == [["50"]] or rows["rows"] == [[50.0]] or rows["rows"] == [[50]]
    assert len(await deployed.connection.fetch(_STARTED)) == 1


async def test_without_the_queue_the_sender_is_told(rabbitmq_url: str, example: Path) -> None:
    environment = {"QUERYFLOW_AMQP_URL": rabbitmq_url, "QUERYFLOW_AMQP_PREFIX": "nobody-has-run-here."}
    done = await asyncio.to_thread(run_example, example, environment)
    assert done.returncode == 1
    assert aio_pika.exceptions.PublishError.__name__ in done.stderr
