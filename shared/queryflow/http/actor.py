"""Who sent a request."""

from typing import Annotated

from fastapi import Depends

from queryflow.access.actor import LOCAL, Actor


async def current_actor() -> Actor:
    """Everybody is the one person there is until there are accounts."""
    return LOCAL


CurrentActor = Annotated[Actor, Depends(current_actor)]
