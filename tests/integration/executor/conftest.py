"""An executor for each test, on a database of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.executor.rig import Rig, open_rig


@pytest.fixture
async def rig(database: str, tmp_path: Path) -> AsyncIterator[Rig]:
    """An executor that listens."""
    async with open_rig(database, tmp_path) as opened:
        yield opened
