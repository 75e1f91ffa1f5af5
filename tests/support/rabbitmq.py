"""RabbitMQ for tests: the broker a URL names, else a private node that ends with us, else a container."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from queryflow_cli.rabbitmq import NoRabbitMQ, find_programs, private_rabbit

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
    from docker.errors import DockerException
    from testcontainers.community.rabbitmq import RabbitMqContainer

    try:
        container = RabbitMqContainer("rabbitmq:4")
    except DockerException as error:
        raise NoRabbitMQ(NONE_HERE) from error
    with container:
        yield f"amqp://guest:guest@{container.get_container_host_ip()}:{container.get_exposed_port(5672)}/"
