"""The services' tables of handlers and the page of queues say the same."""

import importlib

import pytest

from queryflow.runtime.topology import SPEAKERS, WORK_QUEUES

SERVICES = ("composer", "executor", "scheduler", "status")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_answers_exactly_its_queues(service: str) -> None:
    handlers = importlib.import_module(f"{service}.handlers").HANDLERS
    answered = {handler.queue: (tuple(handler.keys), handler.event) for handler in handlers}
    declared = {
        name: (queue.keys, queue.event) for name, queue in WORK_QUEUES.items() if name.startswith(f"{service}.")
    }
    assert answered == declared


def test_no_event_is_without_a_listener() -> None:
    heard = {queue.event for queue in WORK_QUEUES.values()}
    assert heard == set(SPEAKERS)
