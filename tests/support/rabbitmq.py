"""RabbitMQ for tests: the broker a URL names, else a private node that ends with us, else a container."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from queryflow_cli.servers.rabbitmq import NoRabbitMQ, find_programs, private_rabbit, speaks_amqp

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

NAMED = "QUERYFLOW_TEST_AMQP_URL"
NONE_HERE = f"No RabbitMQ for the tests: name one in {NAMED}, or install rabbitmq-server."


@contextmanager
def rabbitmq_for_tests(folder: Path) -> Iterator[str]:
    """The AMQP URL of a broker for tests; one of our own lives as long as the block."""
    named = os.environ.get(NAMED)
    programs = None if named else find_programs()
    if named:
        yield named
    elif programs:
        with private_rabbit(folder, programs) as node:
            yield node.url
    else:
        with _container() as url:
            yield url


@contextmanager
def _container() -> Iterator[str]:
    """The AMQP URL of the official image's broker; the container goes with the block, whatever happens in it."""
    from docker.errors import DockerException
    from testcontainers.core.container import DockerContainer

    with ExitStack() as stack:
        try:
            container = stack.enter_context(DockerContainer("rabbitmq:4").with_exposed_ports(5672))
            host, port = container.get_container_host_ip(), container.get_exposed_port(5672)
            _await_amqp(container, host, port)
        except (DockerException, OSError, RuntimeError) as error:
            raise NoRabbitMQ(f"{NONE_HERE} A container cannot be had either: {error}") from error
        yield f"amqp://guest:guest@{host}:{port}/"


def _await_amqp(container: "DockerContainer", host: str, port: int, *, within_seconds: float = 90.0) -> None:
    deadline = time.monotonic() + within_seconds
    while not speaks_amqp(host, port):
        container.reload()
        if time.monotonic() > deadline or container.status != "running":
            log = b"".join(container.get_logs()).decode(errors="replace")
            raise RuntimeError(f"it does not speak AMQP; its log says:\n{log[-2000:]}")
        time.sleep(0.1)
