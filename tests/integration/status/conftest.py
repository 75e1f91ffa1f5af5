"""Status over a real database, its HTTP API, and the world it tells of."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from queryflow.bus.local import LocalBus
from queryflow.db.pool import open_pool
from status.app import open_service
from status.process.settings import StatusSettings
from status.process.status import Status
from tests.integration.status.world import World
from tests.support.declared import only_declared


@pytest.fixture(scope="module")
async def world(module_database: str) -> AsyncIterator[World]:
    async with await open_pool(module_database, role=None) as pool:
        yield World(pool)


@pytest.fixture(scope="module")
async def opened(
    module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Status, httpx2.AsyncClient]]:
    home: Path = tmp_path_factory.mktemp("home")
    settings = StatusSettings(database_url=module_database, home=home)
    async with open_service(settings, LocalBus()) as service:
        transport = httpx2.ASGITransport(app=service.app)
        hooks = {"response": [only_declared(service.app)]}
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", event_hooks=hooks) as client:
            yield service.app.state.status, client


@pytest.fixture
def status(opened: tuple[Status, httpx2.AsyncClient]) -> Status:
    return opened[0]


@pytest.fixture
def client(opened: tuple[Status, httpx2.AsyncClient]) -> httpx2.AsyncClient:
    return opened[1]
