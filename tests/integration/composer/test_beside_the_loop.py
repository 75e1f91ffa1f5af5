"""What takes seconds for large flows is done beside the event loop, which answers others meanwhile."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from composer.compositions import checking
from composer.executions import accepting
from composer.rules.execution_requests import prepare
from composer.web import documents
from queryflow.domain.flow.places import with_places
from queryflow.http import guard
from queryflow.http.strict_json import judge_json
from queryflow.sql.checks.flow_problems import flow_problems
from tests.integration.composer.rig import Rig, flow, with_templates


async def test_judging_a_flow_and_its_values_does_not_hold_the_loop(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: dict[str, threading.Thread] = {}

    def watched(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*given: Any) -> Any:
            ran[name] = threading.current_thread()
            return work(*given)

        return watching

    monkeypatch.setattr(checking, "flow_problems", watched("problems", flow_problems))
    monkeypatch.setattr(accepting, "prepare", watched("values", prepare))
    await with_templates(rig)
    await rig.saved("/api/compositions", flow())
    assert (await rig.post("/api/compositions/comp_things/execute")).status_code == 202
    assert ran.keys() == {"problems", "values"}
    assert threading.current_thread() not in ran.values()


async def test_a_large_body_is_judged_once_and_not_on_the_loop(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str, threading.Thread]] = []

    def watched(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*given: Any) -> Any:
            read.append((name, threading.current_thread()))
            return work(*given)

        return watching

    monkeypatch.setattr(guard, "judge_json", watched("judged", judge_json))
    monkeypatch.setattr(documents, "with_places", watched("read again", with_places))
    await with_templates(rig)
    read.clear()
    positions = {f"n{number}": [number, number] for number in range(8_000)}
    await rig.saved("/api/compositions", flow(layout={"positions": positions}))
    assert [name for name, _ in read] == ["judged"]
    assert threading.current_thread() not in {thread for _, thread in read}
    read.clear()
    names = [f"name {number}" for number in range(20_000)]
    body = {"node_parameters": {"detail": {"names": {"value": names, "detach": True}}}}
    assert (await rig.post("/api/compositions/comp_things/execute", body)).status_code == 202
    assert [name for name, _ in read] == ["judged"]
    assert threading.current_thread() not in {thread for _, thread in read}
