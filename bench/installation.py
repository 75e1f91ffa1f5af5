"""An installation to measure: `queryflow up` in a throw-away home, embedded or as four processes on RabbitMQ."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from queryflow_cli.servers.ports import free_port
from queryflow_cli.system.home import running_in

READY_WITHIN_SECONDS = 120
STOP_WITHIN_SECONDS = 60
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Installation:
    """A running installation: its API, its database, and its processes' use of the machine."""

    url: str
    database_url: str
    pid: int

    def cpu_seconds(self) -> float:
        """CPU time that its living processes have used, the servers they talk to not counted."""
        return sum(_cpu_seconds(pid) for pid in self._python_processes())

    def peak_memory_mb(self) -> float:
        """The sum of its processes' largest resident sizes."""
        return sum(_peak_kilobytes(pid) for pid in self._python_processes()) / 1024

    def _python_processes(self) -> Iterator[int]:
        for pid in _tree(self.pid):
            if "python" in _name(pid):
                yield pid


@asynccontextmanager
async def installed(home: Path, environment: Mapping[str, str]) -> AsyncIterator[Installation]:
    """An installation in the home while the block runs."""
    port = free_port()
    command = [sys.executable, "-m", "queryflow_cli", "up", "--home", str(home), "--port", str(port)]
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        url = f"http://127.0.0.1:{port}"
        await _ready(url, home, process)
        system = running_in(home)
        assert system is not None
        yield Installation(url, system.database_url, process.pid)
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Ask it to end; end it and all it started if it does not."""
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_WITHIN_SECONDS):
            await process.wait()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _ready(url: str, home: Path, process: asyncio.subprocess.Process) -> None:
    deadline = asyncio.get_running_loop().time() + READY_WITHIN_SECONDS
    while running_in(home) is None:
        if process.returncode is not None or asyncio.get_running_loop().time() > deadline:
            raise RuntimeError("the installation did not become ready")
        await asyncio.sleep(0.05)
    async with httpx2.AsyncClient() as client:
        (await client.get(f"{url}/health/ready")).raise_for_status()


def _tree(root: int) -> Iterator[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting.extend(children.get(pid, ()))


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name: state, parent …; empty if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _cpu_seconds(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS if fields else 0.0


def _peak_kilobytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
