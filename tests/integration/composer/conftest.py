"""A composer on a database of its own, asked over HTTP as everybody asks it."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.composer.rig import Rig, open_rig


@pytest.fixture
async def rig(database: str) -> AsyncIterator[Rig]:
    async with open_rig(database) as opened:
        yield opened
