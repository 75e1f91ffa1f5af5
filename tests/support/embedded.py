"""The embedded shape as a process of its own, that a test may kill and start again."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from subprocess import Popen

import httpx2

from queryflow_cli.client.client import Client
from queryflow_cli.servers.ports import free_port
from queryflow_cli.system.home import running_in
from tests.support.deployment import FAST, Deployment


class EmbeddedDeployment(Deployment):
    """One process with all four services; whichever service is named, it is that process."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__(folder, environment)
        self._environment = {**os.environ, **FAST, **environment, "QUERYFLOW_AMQP_URL": ""}
        self._port = free_port()
        self._http = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self._port}", timeout=30)
        self.client = Client(self._http)

    async def start(self, *names: str, crash: str | None = None) -> None:
        """Start the process."""
        del names
        await super().start("up", crash=crash)

    async def stop(self, *names: str) -> None:
        """Ask the process to stop and wait until it has."""
        del names
        await super().stop("up")

    async def kill(self, name: str) -> None:
        """End the process as a power cut would."""
        del name
        await super().kill("up")

    async def died(self, name: str, *, within: float = 30.0) -> None:
        """Wait until the process has ended by itself."""
        del name
        await super().died("up", within=within)

    def _start(self, name: str, crash: str | None) -> Popen[bytes]:
        environment = {**self._environment, **({"QUERYFLOW_CRASH": crash} if crash else {})}
        command = [sys.executable, "-m", "queryflow_cli", "up", "--home", str(self.folder), "--port", str(self._port)]
        with (self.folder / f"{name}.log").open("ab") as log:
            return Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)

    async def _ready(self, name: str) -> bool:
        assert self.alive(name), f"the process ended while it started:\n{self.log(name)[-3000:]}"
        return running_in(self.folder) is not None
