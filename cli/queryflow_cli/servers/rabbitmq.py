"""A RabbitMQ node of our own, which ends with us: for measurements and tests.

Its programs are the installed ones, or Debian's packages unpacked into a cache. A node found listening on the standard
port is somebody else's and is left alone.
"""

import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aio_pika

from queryflow.bus.topology import DEAD_EXCHANGE, DEAD_QUEUE, EVENTS_EXCHANGE, work_queues
from queryflow.domain.errors import Refused
from queryflow_cli.servers.debian import unpacked_rabbitmq
from queryflow_cli.servers.ports import free_port
from queryflow_cli.servers.supervised_process import SupervisedCommand, SupervisedProcess

_INSTALLED = Path("/usr/lib/rabbitmq/lib")
_CONFIGURATION = """
listeners.tcp.1 = 127.0.0.1:{port}
disk_free_limit.absolute = 50MB
log.console.level = warning
"""


class NoRabbitMQ(Refused):
    """No RabbitMQ can be started here, or a node did not start."""


@dataclass(frozen=True, slots=True)
class RabbitPrograms:
    """Where RabbitMQ's scripts and Erlang's programs are."""

    scripts: Path
    erlang: Path


class PrivateRabbit:
    """A node of our own in `folder`, on ports of its own; it can be stopped and started again with what it holds."""

    def __init__(self, folder: Path, programs: RabbitPrograms) -> None:
        self._folder = folder.absolute()
        self._programs = programs
        self._port, self._epmd_port, self._distribution_port = free_port(), free_port(), free_port()
        self._processes: list[SupervisedProcess] = []

    @property
    def url(self) -> str:
        """Where the node listens."""
        return f"amqp://guest:guest@127.0.0.1:{self._port}/"

    def start(self, *, within_seconds: float = 90.0) -> None:
        """Start the node and wait until it speaks AMQP."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "rabbitmq.conf").write_text(_CONFIGURATION.format(port=self._port))
        epmd = [str(self._programs.erlang / "epmd"), "-port", str(self._epmd_port), "-address", "127.0.0.1"]
        for command in (epmd, [str(self._programs.scripts / "rabbitmq-server")]):
            log = self._folder / f"{Path(command[0]).name}.log"
            self._processes.append(
                SupervisedProcess(SupervisedCommand(command, "TERM", self._folder, log, self._environment()))
            )
        self._await_ready(time.monotonic() + within_seconds)

    def stop(self) -> None:
        """Stop the node; what was confirmed is on disk."""
        while self._processes:
            self._processes.pop().stop()

    def restart(self) -> None:
        """Stop the node and start it with the same port and the same queues."""
        self.stop()
        self.start()

    def _await_ready(self, deadline: float) -> None:
        while not speaks_amqp("127.0.0.1", self._port):
            if time.monotonic() > deadline or not all(process.running for process in self._processes):
                log = (self._folder / "rabbitmq-server.log").read_text(errors="replace")
                self.stop()
                raise NoRabbitMQ(f"The private RabbitMQ node did not start; its log says:\n{log[-2000:]}")
            time.sleep(0.1)

    def _environment(self) -> dict[str, str]:
        folder = self._folder
        return {
            "HOME": str(folder),
            "PATH": f"{self._programs.erlang}:{os.environ.get('PATH', os.defpath)}",
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_NODENAME": f"queryflow{self._port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none",
        }


@contextmanager
def private_rabbit(folder: Path, programs: RabbitPrograms) -> Iterator[PrivateRabbit]:
    """A node of our own that lives as long as the block."""
    node = PrivateRabbit(folder, programs)
    node.start()
    try:
        yield node
    finally:
        node.stop()


def find_programs() -> RabbitPrograms | None:
    """The programs for a private node: the installed ones, else Debian's packages unpacked."""
    return installed_programs() or unpacked_programs()


def installed_programs() -> RabbitPrograms | None:
    """The programs that the system's packages installed, if they are."""
    found = sorted(_INSTALLED.glob("rabbitmq_server-*/sbin"))
    epmd = shutil.which("epmd")
    return RabbitPrograms(found[-1], Path(epmd).parent) if found and epmd and shutil.which("erl") else None


def unpacked_programs() -> RabbitPrograms | None:
    """The programs of Debian's packages, downloaded and unpacked without installing; None where that is impossible."""
    root = unpacked_rabbitmq()
    if root is None:
        return None
    scripts = sorted(root.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"))[-1]
    return RabbitPrograms(scripts, root / "usr/lib/erlang/bin")


def speaks_amqp(host: str, port: int) -> bool:
    """Whether the listener answers a protocol header with Connection.Start."""
    with suppress(OSError), socket.create_connection((host, port), timeout=2) as connection:
        connection.sendall(b"AMQP\x00\x00\x09\x01")
        return len(connection.recv(8)) > 0
    return False


async def delete_everything(url: str, prefix: str) -> None:
    """Delete the exchanges and queues of one prefix; quorum queues that nobody uses still cost the node work."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        for queue in (*work_queues(), DEAD_QUEUE):
            await channel.queue_delete(f"{prefix}{queue}")
        for exchange in (EVENTS_EXCHANGE, DEAD_EXCHANGE):
            await channel.exchange_delete(f"{prefix}{exchange}")
