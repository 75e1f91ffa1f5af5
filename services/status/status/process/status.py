"""What running status has at hand."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from queryflow.bus.port import Bus
from queryflow.db.pool import Pool
from queryflow.objects.port import ObjectStore
from queryflow.sandbox.sandbox import Sandbox
from status.process.settings import StatusSettings


@dataclass(frozen=True, slots=True)
class Status:
    """The database (a pool to write the projection, an engine to read), results and their reader, the bus."""

    pool: Pool
    engine: AsyncEngine
    objects: ObjectStore
    sandbox: Sandbox
    bus: Bus
    settings: StatusSettings
