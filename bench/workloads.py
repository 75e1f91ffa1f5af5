"""The workloads W1 to W5: which shape, how many executions at once, and which figure is quoted."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.shapes import Shape, chain, diamonds, fan, layers


@dataclass(frozen=True, slots=True)
class Timing:
    """What one run took, in seconds."""

    whole: float
    """From the first request to the last execution's end."""
    starts: Sequence[float]
    """From each request to the start of its first node.

    A request counts from `requested_at`, which the database's clock says while the row is inserted, so a little before
    its commit, never after it; a start is the beginning of the transaction that claims the node.
    """


@dataclass(frozen=True, slots=True)
class Workload:
    """A graph, how many executions of it run at once, and the figure it is quoted by."""

    shape: Shape
    executions: int
    unit: str
    figure: Callable[[Timing], float]
    runs_in_one: int = 1
    """How many executions one after the other make up one run."""

    @property
    def nodes(self) -> int:
        """The nodes of one run."""
        return self.shape.nodes * self.executions * self.runs_in_one


WORKLOADS: Mapping[str, Workload] = {
    "W1": Workload(chain(40), 1, "ms/node", lambda timing: timing.whole * 1000 / 40),
    "W2": Workload(fan(100), 1, "s", lambda timing: timing.whole),
    "W3": Workload(layers(10, 100, 3), 1, "nodes/s", lambda timing: 1000 / timing.whole),
    "W4": Workload(diamonds(), 50, "nodes/s", lambda timing: 500 / timing.whole),
    "W5": Workload(chain(1), 1, "ms", lambda timing: statistics.median(timing.starts) * 1000, runs_in_one=20),
}
