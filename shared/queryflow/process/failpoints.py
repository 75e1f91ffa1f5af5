"""Named places where a test may end the process, to prove that nothing is lost there.

`QUERYFLOW_CRASH=executor.after_claim:2` kills the process (SIGKILL) at the second passage of that point. Without the
variable a failpoint is one comparison with None. A process reads the variable once, where it begins.
"""

import os
import signal
from dataclasses import dataclass


@dataclass(slots=True)
class _Armed:
    name: str
    passages_left: int


_armed: _Armed | None = None


def arm(request: str | None) -> None:
    """Arm one failpoint: `name` or `name:nth`; None disarms."""
    global _armed  # noqa: PLW0603 - one process has one failpoint; passing it through every layer would only hide it
    if not request:
        _armed = None
        return
    name, _, nth = request.partition(":")
    _armed = _Armed(name, int(nth or 1))


def failpoint(name: str) -> None:
    """End the process here if a test asked for it."""
    if _armed is None or _armed.name != name:
        return
    _armed.passages_left -= 1
    if _armed.passages_left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
