"""Whether a service can work now, as its `/health/ready` says it."""

from queryflow.bus.port import Bus
from queryflow.db.pool import Pool
from queryflow.process.transient_errors import TRANSIENT_ERRORS


async def readiness(pool: Pool, bus: Bus) -> dict[str, bool]:
    """Whether there is what every service needs: a database that answers, and a bus on which messages flow."""
    return {"database": await _answers(pool), "bus": bus.healthy}


async def _answers(pool: Pool) -> bool:
    try:
        await pool.fetchval("SELECT 1")
    except (*TRANSIENT_ERRORS, OSError):
        return False
    return True
