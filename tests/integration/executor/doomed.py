"""An executor in a process of its own that ends at a failpoint: `python -m tests.integration.executor.doomed`."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from executor.engines.port import EngineFailure, Produced, Work
from queryflow.domain.states import ErrorKind
from queryflow.process import failpoints
from tests.integration.executor.rig import NOTHING, Rig, open_rig

EDGES = [
    *(("a", middle) for middle in ("b", "c", "bad", "m0", "m1", "m2", "m3")),
    *((f"m{place}", "z") for place in range(4)),
    *(("b", "d"), ("c", "d"), ("d", "again"), ("again", "slow"), ("slow", "end")),
    *(("bad", "s1"), ("s1", "s2"), ("s2", "s3"), ("s3", "end", False)),
]
RETRY = {"retry": {"attempts": 2, "first_seconds": 0.1, "backoff": "fixed"}}
FAST: dict[str, Any] = {"lease_seconds": 1.0, "outbox_age_seconds": 0.5, "unclaimed_seconds": 2.0}


async def fails(work: Work) -> Produced:
    raise EngineFailure(ErrorKind.VALIDATION, "wrong")


async def fails_once(work: Work) -> Produced:
    if work.attempt == 1:
        raise EngineFailure(ErrorKind.THROTTLED, "slow down")
    return NOTHING


async def takes_long(work: Work) -> Produced:
    await asyncio.sleep(1.0)
    return NOTHING


async def takes_until_the_end(work: Work) -> Produced:
    await asyncio.get_running_loop().create_future()
    return NOTHING


def teach(rig: Rig) -> None:
    """What the nodes do, here and in the process that goes on."""
    rig.scripted.behaviours |= {"bad": fails, "again": fails_once, "slow": takes_long}


async def live(database: str, folder: Path, point: str) -> None:
    """Run until the failpoint, at most a minute."""
    async with open_rig(database, folder, **FAST) as rig:
        teach(rig)
        if "cancel" in point:  # the request must find it running, however late it comes
            rig.scripted.behaviours["slow"] = takes_until_the_end
        failpoints.arm(point)
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
