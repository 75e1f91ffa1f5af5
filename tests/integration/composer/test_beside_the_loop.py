"""What takes seconds for large flows is done beside the event loop, which answers others meanwhile."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from composer.usecases import accepting, checking
from composer.wishes import prepare
from queryflow.sql.flow_problems import flow_problems
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
