"""The services' tables of handlers and the page of queues say the same."""

import importlib
from typing import cast

import pytest

from executor.engines.port import Tools
from queryflow.bus.port import AnyHandler
from queryflow.bus.topology import SPEAKERS, work_queues
from queryflow.engines.catalogue import ENGINES
from queryflow.sandbox.sandbox import Sandbox


def _table(service: str) -> tuple[AnyHandler, ...]:
    handlers = importlib.import_module(f"{service}.handlers")
    table: tuple[AnyHandler, ...] = handlers.HANDLERS
    if service != "executor":
        return table
    opened = importlib.import_module("executor.engines.opening").open_engines(Tools(cast("Sandbox", None)))
    assert [(name, engine.kind) for name, engine in opened.items()] == list(ENGINES.items())
    return table + tuple(handlers.node_handlers(engine.kind for engine in opened.values()))


@pytest.mark.parametrize("service", ["composer", "executor", "scheduler", "status"])
def test_a_service_answers_exactly_its_queues(service: str) -> None:
    answered = {handler.queue: (tuple(handler.keys), handler.event) for handler in _table(service)}
    declared = {
        name: (queue.keys, queue.event) for name, queue in work_queues().items() if name.startswith(f"{service}.")
    }
    assert answered == declared


def test_no_event_is_without_a_listener() -> None:
    heard = {queue.event for queue in work_queues().values()}
    assert heard == set(SPEAKERS)
