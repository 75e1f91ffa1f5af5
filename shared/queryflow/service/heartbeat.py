"""A service's sign of life: its row of `service_heartbeats`, from which status says who is alive."""

from contextlib import suppress

from queryflow import __version__
from queryflow.db.pool import Pool
from queryflow.process.loops import forever
from queryflow.process.transient_errors import TRANSIENT_ERRORS

HEARTBEAT_SECONDS = 5.0
BEAT = """
    INSERT INTO service_heartbeats (service, instance, version) VALUES ($1, $2, $3)
    ON CONFLICT (service, instance) DO UPDATE SET at = now(), ended_at = NULL, version = EXCLUDED.version
"""

SIGN_OFF = "UPDATE service_heartbeats SET ended_at = now() WHERE service = $1 AND instance = $2"


async def beat(pool: Pool, service: str, instance: str, every_seconds: float = HEARTBEAT_SECONDS) -> None:
    """Renew the row again and again, until cancelled."""

    async def once() -> None:
        await pool.execute(BEAT, service, instance, __version__)

    await forever(f"{service}.heartbeat", once, every_seconds=every_seconds)


async def sign_off(pool: Pool, service: str, instance: str) -> None:
    """Say that the process ends because it was asked to; what crashes stays silent, and is seen to be."""
    with suppress(*TRANSIENT_ERRORS, OSError):  # an end does not wait for a database that is away
        await pool.execute(SIGN_OFF, service, instance)
