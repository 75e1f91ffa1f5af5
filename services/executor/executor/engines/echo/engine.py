"""Does nothing, at once: what the system costs by itself, for benchmarks. Not offered to people."""

from typing import ClassVar

from executor.engines.port import Produced, Tools, Work
from queryflow.engines.echo.kind import ECHO
from queryflow.engines.kind import EngineKind


class EchoEngine:
    """Succeeds at once, without a result."""

    kind: ClassVar[EngineKind] = ECHO

    async def run(self, work: Work) -> Produced:
        """Nothing, successfully."""
        return Produced(file=None, rows=0, columns=(), sql=None)


def open_engine(_: Tools) -> EchoEngine:
    """It needs no tools."""
    return EchoEngine()
