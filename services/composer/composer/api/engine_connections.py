"""Engine connections over HTTP, for choosing one."""

from datetime import date

from pydantic import BaseModel

from composer.api.dependencies import InTransaction
from composer.usecases import engine_connections as usecases
from queryflow.runtime.http import new_router

router = new_router("/api/engine-connections", "engine connections")


class EngineConnectionItem(BaseModel):
    """Where a flow can run; `as_of` is the last day its data covers, the default logical date of flows on it."""

    name: str
    engine: str
    as_of: date | None


class EngineConnectionList(BaseModel):
    """Every engine connection a flow can name."""

    items: list[EngineConnectionItem]


@router.get("", summary="List engine connections")
async def list_engine_connections(transaction: InTransaction) -> EngineConnectionList:
    """Engine connections in the order of their names; never their settings."""
    records = await usecases.list_engine_connections(transaction)
    items = [EngineConnectionItem(name=each.name, engine=each.engine, as_of=each.as_of) for each in records]
    return EngineConnectionList(items=items)
