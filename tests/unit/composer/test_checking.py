"""Where a flow is looked over."""

import threading
from typing import Any, cast

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from composer.usecases import checking
from queryflow.domain.flow_file import flow_from_document

FLOW = flow_from_document({"composition_id": "comp_top", "name": "Top", "nodes": {}})


async def test_a_flow_is_judged_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    judges: list[threading.Thread] = []

    async def no_connections(_: AsyncConnection) -> dict[str, Any]:
        return {}

    def judged(*_: object) -> list[Any]:
        judges.append(threading.current_thread())
        return []

    monkeypatch.setattr(checking, "read_engine_connections", no_connections)
    monkeypatch.setattr(checking, "flow_problems", judged)
    await checking.examine_with(cast(AsyncConnection, None), FLOW, {})
    assert len(judges) == 1
    assert judges[0] is not threading.current_thread()
