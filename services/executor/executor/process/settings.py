"""What the executor is told when it starts."""

from typing import ClassVar

from pydantic import Field, PositiveFloat, PositiveInt

from queryflow.process.settings import ServiceSettings
from queryflow.sandbox.settings import usual_width


class ExecutorSettings(ServiceSettings):
    """The shared settings and the executor's own."""

    service: ClassVar[str] = "executor"

    port: int = Field(default=8702, ge=0, le=65_535)
    lease_seconds: PositiveFloat = 60.0
    """How long a node that runs may go without a sign of life before others take it over."""
    open_nodes_limit: PositiveInt = 20_000
    """How many nodes of running executions may be open at once; executions beyond wait for their launch."""
    run_at_once: PositiveInt = Field(default_factory=usual_width)
    """How many nodes this process runs on its machine at the same time, each with a place in the sandbox; those beyond
    wait in their rows for an executor with room, and their timeouts have not begun. What runs elsewhere has room of its
    own, by its engine's capacity."""
    node_timeout_seconds: PositiveFloat = 21_600.0
    """How long one attempt may take where its node does not say."""
    unclaimed_seconds: PositiveFloat = 60.0
    """A node that is ready for longer than this without being claimed is announced again."""
    most_crashes: PositiveInt = 3
    """After this many attempts in a row that ended their executor a node fails instead of being tried again."""
    tables_mb: PositiveInt = 10_000
    """How much of the tables of text files that were read may be kept as Parquet, in megabytes; least used ones go."""
    keep_days: PositiveInt = 90
    """Executions older than this are removed by retention."""
