"""Bodies are what the golden files say, and old bodies can always be read."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import ValidationError

from queryflow.bus.topology import NOT_SAID_YET, SPEAKERS, work_queues
from queryflow.domain.states import ErrorKind, ExecutionState, SkipReason, WaitReason
from queryflow.messages.composition import CompositionDeleted, CompositionPublished, CompositionSaved
from queryflow.messages.engine_connection import EngineConnectionCatalogueRequested
from queryflow.messages.event import Event
from queryflow.messages.execution import (
    ExecutionProgressed,
    FactError,
    NodeCancelled,
    NodeFailed,
    NodeRetried,
    NodeReused,
    NodeSkipped,
    NodeStarted,
    NodeSucceeded,
    NodeTimedOut,
    NodeWaiting,
)
from queryflow.messages.flow_execution import (
    FlowExecutionCancelRequested,
    FlowExecutionFinished,
    FlowExecutionRequested,
    FlowExecutionRetryRequested,
    FlowExecutionStarted,
)
from queryflow.messages.node import NodeReady
from queryflow.messages.schedule import ScheduleFired
from queryflow.messages.trigger import FlowTrigger
from queryflow_cli.dev.asyncapi import asyncapi_document, asyncapi_text, messages_page

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "contract" / "golden"
EXECUTION = UUID("01940000-0000-7000-8000-000000000001")
PERSON = UUID("00000000-0000-0000-0000-000000000002")
SCHEDULE = UUID("00000000-0000-0000-0000-000000000003")
AT = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)
WORKFLOW = UUID("00000000-0000-0000-0000-000000000004")
VERSION = "ab" * 32
FLOW = {"execution_id": EXECUTION, "composition_id": "comp_top"}
CHANGE = {"composition_id": "comp_top", "version": VERSION, "by": PERSON, "at": AT}
PLACE = {"attempt": 1, "sequence": 7, "at": AT}
ERROR = FactError(kind=ErrorKind.TRANSIENT, message="the engine was away")

EXAMPLES: tuple[Event, ...] = (
    FlowExecutionRequested(**FLOW),
    FlowExecutionCancelRequested(**FLOW),
    FlowExecutionRetryRequested(**FLOW),
    FlowExecutionStarted(**FLOW, nodes=3, at=AT),
    FlowExecutionFinished(**FLOW, schedule_id=SCHEDULE, state=ExecutionState.SUCCEEDED, counts={"succeeded": 3}, at=AT),
    NodeReady(execution_id=EXECUTION, node_id="top", attempt=1, engine="duckdb"),
    ScheduleFired(schedule_id=SCHEDULE, fire_time=AT, workflow_id=WORKFLOW),
    EngineConnectionCatalogueRequested(connection="sales", wanted=2, at=AT),
    CompositionSaved(**CHANGE),
    CompositionPublished(**CHANGE),
    CompositionDeleted(**CHANGE),
    FlowTrigger(composition_id="comp_top", parameters={"min_purchases": 2, "days": [1, 2]}, idempotency_key="order-7"),
    ExecutionProgressed(
        execution_id=EXECUTION,
        facts=(
            NodeStarted(node_id="a", **PLACE),
            NodeWaiting(node_id="b", reason=WaitReason.NO_SLOT, **PLACE),
            NodeRetried(node_id="c", reason=WaitReason.RETRY_BACKOFF, error=ERROR, **PLACE),
            NodeSucceeded(node_id="d", rows=10, seconds=0.5, **PLACE),
            NodeReused(node_id="e", rows=10, reused_from="01940000", **PLACE),
            NodeFailed(node_id="f", seconds=0.5, error=ERROR, **PLACE),
            NodeTimedOut(node_id="g", seconds=60.0, error=ERROR, **PLACE),
            NodeSkipped(node_id="h", reason=SkipReason.EMPTY_INPUT, **PLACE),
            NodeCancelled(node_id="i", seconds=0.1, **PLACE),
        ),
    ),
)
OLD = sorted((GOLDEN / "old").glob("*.json"))
KNOWN = {event.type: event for event in (*SPEAKERS, *NOT_SAID_YET)}


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type)
def test_a_body_is_what_its_golden_file_says(event: Event) -> None:
    golden = json.loads((GOLDEN / f"{event.type}.json").read_text())
    assert json.loads(event.body()) == golden
    assert type(event).model_validate(golden) == event


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type)
def test_fields_of_the_future_are_ignored(event: Event) -> None:
    body = json.loads(event.body()) | {"added_later": {"deep": [1]}}
    for fact in body.get("facts", ()):
        fact["added_later"] = True
    assert type(event).model_validate_json(json.dumps(body)) == event


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type)
def test_what_was_said_cannot_be_changed(event: Event) -> None:
    for part in (event, *getattr(event, "facts", ())):
        for field in type(part).model_fields:
            with pytest.raises(ValidationError, match="frozen"):
                setattr(part, field, getattr(part, field))


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
def test_bodies_of_the_past_are_read(path: Path) -> None:
    """Each file is the smallest body that was ever sent; it stays here when fields are added."""
    kind = KNOWN[path.stem]
    event = kind.model_validate_json(path.read_bytes())
    assert kind.model_validate_json(event.body()) == event


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type)
def test_what_is_said_reaches_a_queue_that_reads_it(event: Event) -> None:
    heard = [
        queue for queue in work_queues().values() if event.routing_key in queue.keys and queue.event is type(event)
    ]
    assert bool(heard) == (type(event) not in (*NOT_SAID_YET, FlowTrigger))


def test_every_event_has_a_golden_file_and_a_first_body() -> None:
    assert {event.type for event in EXAMPLES} == set(KNOWN)
    assert {path.stem for path in OLD} == set(KNOWN)


def test_the_documents_are_drawn_from_the_code() -> None:
    hint = "run: python -m queryflow_cli.dev.asyncapi"
    assert (ROOT / "docs" / "messages.md").read_text() == messages_page(), hint
    assert (ROOT / "docs" / "asyncapi.yaml").read_text() == asyncapi_text(), hint


def test_asyncapi_has_every_event_and_every_queue_with_its_key_and_body() -> None:
    document = asyncapi_document()
    said = {event.type: ("send", _address(event), event.__name__) for event in SPEAKERS}
    heard = {
        name: ("receive", (queue.keys or (name,))[0], queue.event.__name__) for name, queue in work_queues().items()
    }
    drawn = {}
    for name, operation in document["operations"].items():
        channel = document["channels"][operation["channel"]["$ref"].rsplit("/", 1)[-1]]
        (message,) = (document["components"]["messages"][_named(each)] for each in channel["messages"].values())
        drawn[name] = (operation["action"], channel["address"], _named(message["payload"]))
    assert drawn == said | heard
    schemas = document["components"]["schemas"]
    for event in SPEAKERS:
        assert schemas[event.__name__]["properties"].keys() == event.model_fields.keys()
        assert schemas[event.__name__]["description"] == event.__doc__


def _address(event: type[Event]) -> str:
    return {"node.ready": "node.ready.{engine}", "flow.trigger": "composer.flow-trigger"}.get(event.type, event.type)


def _named(reference: dict[str, str]) -> str:
    return reference["$ref"].rsplit("/", 1)[-1]
