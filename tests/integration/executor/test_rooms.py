"""What waits for a query that runs elsewhere takes no processor from what runs here."""

import asyncio
from dataclasses import replace
from pathlib import Path

from executor.engines.port import Produced, Work
from queryflow.engines.kind import Capacity
from tests.integration.executor.oracle import is_sound
from tests.integration.executor.rig import NOTHING, SCRIPTED_KIND, Scripted, flow_of, open_rig
from tests.support.eventually import eventually

FAR = replace(SCRIPTED_KIND, name="far", capacity=Capacity(places=None, attempts=2))
CONNECT = "INSERT INTO engine_connections (name, engine, slots) VALUES ('far_machine', 'far', $1)"


async def test_two_waiting_remote_queries_do_not_fill_an_executor(database: str, tmp_path: Path) -> None:
    """It has room for one attempt on its machine, and for two of the remote engine."""
    far, answered = Scripted(kind=FAR), asyncio.Event()

    async def wait(_: Work) -> Produced:
        await answered.wait()
        return NOTHING

    far.behaviours = dict.fromkeys("abc", wait)
    async with open_rig(database, tmp_path, more=[far], run_at_once=1) as rig:
        await rig.owner.execute(CONNECT, None)
        remote = await rig.request(flow_of([], engine="far", a={}, b={}, c={}))
        await eventually(lambda: far.at_once == 2)
        local = await rig.request(flow_of([("x", "y"), ("x", "z")]))
        assert await rig.ended(local) == "succeeded"
        assert (far.at_once, rig.scripted.most_at_once) == (2, 1)
        assert sorted((await rig.nodes(remote)).values()) == ["running", "running", "waiting"]
        answered.set()
        assert await rig.ended(remote) == "succeeded"
        assert far.most_at_once == 2
        await eventually(lambda: is_sound(rig, remote))


async def test_a_full_machine_leaves_room_for_remote_queries(database: str, tmp_path: Path) -> None:
    far = Scripted(kind=FAR)
    async with open_rig(database, tmp_path, more=[far], run_at_once=1) as rig:
        await rig.owner.execute(CONNECT, 1)
        gate = rig.gate("x")
        local = await rig.request(flow_of([], x={}, y={}))
        await eventually(lambda: rig.nodes_are(local, x="running", y="waiting"))
        remote = await rig.request(flow_of([], engine="far", a={}, b={}, c={}))
        assert await rig.ended(remote) == "succeeded"
        assert far.most_at_once == 1  # the engine connection has one place
        assert await rig.nodes_are(local, x="running", y="waiting")
        gate.set()
        assert await rig.ended(local) == "succeeded"
