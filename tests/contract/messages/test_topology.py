"""The services' tables of handlers and the page of queues say the same."""

import importlib
from typing import cast

import pytest

from queryflow.bus.port import AnyHandler
from queryflow.bus.topology import ENGINES, SPEAKERS, WORK_QUEUES
from queryflow.sandbox.sandbox import Sandbox


def _table(service: str) -> tuple[AnyHandler, ...]:
    handlers = importlib.import_module(f"{service}.handlers")
    table: tuple[AnyHandler, ...] = handlers.HANDLERS
    if service != "executor":
        return table
    engines = importlib.import_module("executor.engines").engines(cast("Sandbox", None))
    assert tuple(sorted(engines)) == tuple(sorted(ENGINES))
    return table + tuple(handlers.node_handlers(engines.values()))


@pytest.mark.parametrize("service", ["composer", "executor", "scheduler", "status"])
def test_a_service_answers_exactly_its_queues(service: str) -> None:
    answered = {handler.queue: (tuple(handler.keys), handler.event) for handler in _table(service)}
    declared = {
        name: (queue.keys, queue.event) for name, queue in WORK_QUEUES.items() if name.startswith(f"{service}.")
    }
    assert answered == declared


def test_no_event_is_without_a_listener() -> None:
    heard = {queue.event for queue in WORK_QUEUES.values()}
    assert heard == set(SPEAKERS)
