"""A service's sign of life: its row of `service_heartbeats`, from which status says who is alive."""

from queryflow import __version__
from queryflow.runtime.database import Pool
from queryflow.runtime.loops import forever

HEARTBEAT_SECONDS = 5.0
BEAT = """
    INSERT INTO service_heartbeats (service, instance, version) VALUES ($1, $2, $3)
    ON CONFLICT (service, instance) DO UPDATE SET at = now(), version = EXCLUDED.version
"""


async def beat(pool: Pool, service: str, instance: str, every_seconds: float = HEARTBEAT_SECONDS) -> None:
    """Renew the row again and again, until cancelled."""

    async def once() -> None:
        await pool.execute(BEAT, service, instance, __version__)

    await forever(f"{service}.heartbeat", once, every_seconds=every_seconds)
