"""Which walls this machine allows."""

from pathlib import Path

from queryflow.sandbox.sandbox import Sandbox
from queryflow.sandbox.settings import SandboxSettings
from queryflow.sandbox.walls import Wall


async def probe_walls(home: Path) -> list[Wall]:
    """The walls a worker has here, outermost first, found by making one. JobFailed if none gets ready."""
    sandbox = Sandbox(SandboxSettings(folder=home / "sandbox", ready=1))
    await sandbox.start()
    try:
        return await sandbox.walls()
    finally:
        await sandbox.stop()
