"""Cancel: what waits ends at once, what runs is broken off, what follows is cancelled."""

import asyncio

from executor.engines.port import EngineFailure, Produced, Work
from queryflow.domain.states import ErrorKind
from queryflow.messages.flow_execution import FlowExecutionCancelRequested
from tests.integration.executor.oracle import is_sound
from tests.integration.executor.rig import Rig, flow_of
from tests.support.eventually import eventually


async def test_a_running_node_is_broken_off_and_the_rest_is_cancelled(rig: Rig) -> None:
    rig.gate("b")
    execution = await rig.request(flow_of([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]))
    await eventually(lambda: rig.node_is(execution, "c", "succeeded"))
    await eventually(lambda: rig.node_is(execution, "b", "running"))
    await rig.cancel(execution)
    for _ in range(3):
        await rig.send(FlowExecutionCancelRequested(execution_id=execution, composition_id="comp_test"))
    assert await rig.ended(execution) == "cancelled"
    assert await rig.nodes(execution) == {
        "a": "succeeded", "b": "cancelled", "c": "succeeded", "d": "cancelled",
    }  # fmt: skip
    await eventually(lambda: rig.scripted.at_once == 0)
    await eventually(lambda: is_sound(rig, execution))


async def test_a_waiting_retry_is_cancelled(rig: Rig) -> None:
    async def throttled(work: Work) -> Produced:
        raise EngineFailure(ErrorKind.THROTTLED, "slow down")

    rig.scripted.behaviours["a"] = throttled
    execution = await rig.request(flow_of([("a", "b")], a={"retry": {"attempts": 3, "first_seconds": 3600}}))
    await eventually(lambda: rig.node_is(execution, "a", "waiting"))
    await rig.cancel(execution)
    await rig.send(FlowExecutionCancelRequested(execution_id=execution, composition_id="comp_test"))
    assert await rig.ended(execution) == "cancelled"
    await eventually(lambda: is_sound(rig, execution))


async def test_a_cancel_whose_message_was_lost_is_found_by_the_sweep(rig: Rig) -> None:
    rig.gate("a")
    execution = await rig.request(flow_of([("a", "b")]))
    await eventually(lambda: rig.node_is(execution, "a", "running"))
    await rig.cancel(execution)
    assert await rig.ended(execution) == "cancelled"


async def test_a_cancel_that_comes_too_late_changes_nothing(rig: Rig) -> None:
    execution = await rig.request(flow_of([("a", "b")]))
    assert await rig.ended(execution) == "succeeded"
    await rig.cancel(execution)
    await rig.send(FlowExecutionCancelRequested(execution_id=execution, composition_id="comp_test"))
    await asyncio.sleep(0)
    await eventually(lambda: is_sound(rig, execution))
    assert await rig.state(execution) == "succeeded"
