"""Named places where a test may end the process, to prove that nothing is lost there.

`QUERYFLOW_CRASH=executor.after_claim:2` kills the process (SIGKILL) at the second passage of that point. Without the
variable a crash point is one comparison with None. A process reads the variable once, where it begins.
"""

import os
import signal
from dataclasses import dataclass


@dataclass(slots=True)
class _Wish:
    name: str
    passages_left: int


_wish: _Wish | None = None


def arm(wish: str | None) -> None:
    """Arm one crash point: `name` or `name:nth`; None disarms."""
    global _wish  # noqa: PLW0603 - one process has one wish; passing it through every layer would only hide it
    if not wish:
        _wish = None
        return
    name, _, nth = wish.partition(":")
    _wish = _Wish(name, int(nth or 1))


def crashpoint(name: str) -> None:
    """End the process here if a test asked for it."""
    if _wish is None or _wish.name != name:
        return
    _wish.passages_left -= 1
    if _wish.passages_left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
