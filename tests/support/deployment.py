"""Four real service processes on a real PostgreSQL and RabbitMQ, that a test may kill and start again."""

import os
import signal
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from subprocess import Popen

import asyncpg
import httpx2

from queryflow.http.routes import service_for
from queryflow_cli.client.client import Client
from queryflow_cli.servers.ports import free_port
from tests.support.eventually import eventually

SERVICES = ("composer", "executor", "scheduler", "status")
READY_WITHIN_SECONDS = 30.0

FAST = {
    "QUERYFLOW_LEASE_SECONDS": "2",
    "QUERYFLOW_SWEEP_SECONDS": "1",
    "QUERYFLOW_OUTBOX_AGE_SECONDS": "1",
    "QUERYFLOW_POLL_SECONDS": "0.2",
    "QUERYFLOW_EXECUTOR_UNCLAIMED_SECONDS": "2",
    "QUERYFLOW_DRAIN_SECONDS": "3",
}
"""What takes a minute in production takes a second or two here."""


class Deployment:
    """The services of one installation; use it as a context manager, `client` once they are ready."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.database_url = environment["QUERYFLOW_DATABASE_URL"]
        self.environment = dict(environment)
        self._environment = {**os.environ, **FAST, "QUERYFLOW_HOME": str(folder), **environment}
        self._ports = {name: free_port() for name in SERVICES}
        self._processes: dict[str, Popen[bytes]] = {}
        self._http = httpx2.AsyncClient(transport=_Doors(self._ports), base_url="http://127.0.0.1", timeout=30)
        self.client = Client(self._http)

    @property
    def http(self) -> httpx2.AsyncClient:
        """The whole API as one origin."""
        return self._http

    async def start(self, *names: str, crash: str | None = None) -> None:
        """Start services (all if none is named), with a failpoint armed in each, and wait until they are ready."""
        for name in names or SERVICES:
            self.launch(name, crash=crash)
        for name in names or SERVICES:
            await eventually(partial(self._ready, name), within=READY_WITHIN_SECONDS)

    def launch(self, name: str, *, crash: str | None = None) -> None:
        """Start a service without waiting for it."""
        self._processes[name] = self._start(name, crash)

    async def revive(self) -> None:
        """Start those services that have ended."""
        dead = [name for name in self._processes if not self.alive(name)]
        if dead:
            await self.start(*dead)

    async def stop(self, *names: str) -> None:
        """Ask services to stop (all if none is named) and wait until they have."""
        for name in names or tuple(self._processes):
            self._processes[name].send_signal(signal.SIGTERM)
        for name in names or tuple(self._processes):
            await self.died(name)

    async def kill(self, name: str) -> None:
        """End a service as a power cut would."""
        self._processes[name].kill()
        await self.died(name)

    async def died(self, name: str, *, within: float = 30.0) -> None:
        """Wait until a service has ended by itself, as one with an armed failpoint does."""
        await eventually(lambda: self._processes[name].poll() is not None, within=within)

    def alive(self, name: str) -> bool:
        """Whether the service runs."""
        return self._processes[name].poll() is None

    async def close(self) -> None:
        """End everything."""
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait()
        await self._http.aclose()

    async def connect(self) -> asyncpg.Connection:
        """A connection to the database, as its owner."""
        return await asyncpg.connect(self.database_url)

    def log(self, name: str) -> str:
        """What a service said."""
        return (self.folder / f"{name}.log").read_text()

    def _start(self, name: str, crash: str | None) -> Popen[bytes]:
        environment = {**self._environment, "QUERYFLOW_PORT": str(self._ports[name])}
        if crash is not None:
            environment["QUERYFLOW_CRASH"] = crash
        with (self.folder / f"{name}.log").open("ab") as log:
            return Popen([sys.executable, "-m", name], env=environment, stdout=log, stderr=log, start_new_session=True)

    async def _ready(self, name: str) -> bool:
        assert self.alive(name), f"{name} ended while it started:\n{self.log(name)[-3000:]}"
        try:
            async with httpx2.AsyncClient() as client:
                return (await client.get(f"http://127.0.0.1:{self._ports[name]}/health/ready")).is_success
        except httpx2.TransportError:
            return False


class _Doors(httpx2.AsyncBaseTransport):
    """Sends each request to the service that answers it, as the proxy in front of a deployment does."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = ports
        self._transport = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        service = service_for(request.method, request.url.path) or "composer"
        request.url = request.url.copy_with(port=self._ports[service])
        request.headers["host"] = f"127.0.0.1:{self._ports[service]}"
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()
