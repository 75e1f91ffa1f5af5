"""Does nothing, at once: what the system costs by itself, for benchmarks. Not offered to people."""

from typing import ClassVar

from executor.engines.port import Produced, Work


class EchoEngine:
    """Succeeds at once, without a result."""

    kind: ClassVar[str] = "echo"
    instant: ClassVar[bool] = True

    async def run(self, work: Work) -> Produced:
        """Nothing, successfully."""
        return Produced(file=None, rows=0, columns=(), sql=None)
