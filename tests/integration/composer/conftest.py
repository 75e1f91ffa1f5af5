"""A composer on a database of its own, asked over HTTP as everybody asks it."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.composer.rig import Rig, open_rig


@pytest.fixture(scope="module")
async def shared_rig(module_database: str) -> AsyncIterator[Rig]:
    """A composer that keeps what the tests of a module leave."""
    async with open_rig(module_database) as opened:
        yield opened


@pytest.fixture
async def rig(shared_rig: Rig) -> Rig:
    """The module's composer with nothing stored but the engine connection `sample`."""
    await shared_rig.empty()
    return shared_rig
