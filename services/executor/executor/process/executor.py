"""What the handlers and loops of one executor process share."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from executor.engines.port import Describer, Engine
from executor.model.runnable import BadVersion, RunnableVersion
from executor.process.admission import Admission
from executor.process.cataloguing import Cataloguing
from executor.process.group_commit import GroupCommit
from executor.process.held_attempts import HeldAttempts
from executor.process.settings import ExecutorSettings
from executor.process.unit_of_work import Transactions
from executor.process.versions import Versions
from queryflow.engines.kind import EngineKind
from queryflow.objects.port import ObjectStore
from queryflow.sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Equipment:
    """What attempts work with."""

    engines: Mapping[str, Engine]
    """By name."""
    objects: ObjectStore
    sandbox: Sandbox

    @property
    def kinds(self) -> tuple[EngineKind, ...]:
        """What the engines are."""
        return tuple(engine.kind for engine in self.engines.values())

    @property
    def describers(self) -> Mapping[str, Describer]:
        """The engines that have tables to tell of."""
        return {name: engine for name, engine in self.engines.items() if isinstance(engine, Describer)}


@dataclass(frozen=True, slots=True)
class Executor:
    """An opened executor."""

    settings: ExecutorSettings
    transactions: Transactions
    versions: Versions
    admission: Admission
    held_attempts: HeldAttempts
    group_commit: GroupCommit
    equipment: Equipment
    cataloguing: Cataloguing
    attempts: Path
    """Where attempts get their directories."""

    def demand_engines(self, runnable: RunnableVersion) -> None:
        """Raise BadVersion if a node wants an engine that no executor has."""
        unknown = sorted({node.engine for node in runnable.plan.nodes.values()} - self.equipment.engines.keys())
        if unknown:
            raise BadVersion(f"No executor runs the engine {', '.join(unknown)}.")
