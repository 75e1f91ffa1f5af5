"""The servers that every other test stands on."""

import asyncio
from pathlib import Path

import aio_pika
import asyncpg
import boto3
import pytest
from pamqp.common import Arguments

from queryflow.bus.topology import work_queues
from queryflow_cli.servers.rabbitmq import NoRabbitMQ, PrivateRabbit, delete_everything
from tests.support.eventually import eventually
from tests.support.rabbitmq import NAMED, NONE_HERE, rabbitmq_for_tests


async def test_every_test_gets_a_migrated_database_of_its_own(database: str, module_database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        assert database != module_database
        assert await connection.fetchval("SELECT count(*) FROM query_flow_executions") == 0
    finally:
        await connection.close()


async def test_the_broker_speaks_amqp_and_forgets_a_prefix(rabbitmq_url: str, amqp_prefix: str) -> None:
    name = f"{amqp_prefix}{next(iter(work_queues()))}"
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(b"kept"), routing_key=name)
        assert await queue.get(timeout=5) is not None
        await delete_everything(rabbitmq_url, amqp_prefix)
        assert (await channel.declare_queue(name, durable=True, exclusive=True)).declaration_result.message_count == 0


def test_the_object_server_keeps_objects(s3: str) -> None:
    anybody = boto3.Session(aws_access_key_id="any", aws_secret_access_key="any", region_name="us-east-1")
    client = anybody.client("s3", endpoint_url=s3)
    client.create_bucket(Bucket="kept")
    client.put_object(Bucket="kept", Key="a", Body=b"1")
    assert client.get_object(Bucket="kept", Key="a")["Body"].read() == b"1"


async def test_eventually_waits_for_the_fact_and_says_what_it_saw() -> None:
    moments = iter((0, 0, 7))
    assert await eventually(lambda: next(moments), every=0.001) == 7
    with pytest.raises(AssertionError, match=r"the last answer was \[\]"):
        await eventually(lambda: asyncio.sleep(0, result=[]), within=0.02, every=0.001)


def test_without_a_broker_and_without_an_engine_for_containers_the_tests_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(NAMED, raising=False)
    monkeypatch.setattr("tests.support.rabbitmq.find_programs", lambda: None)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(NoRabbitMQ, match=f"^{NONE_HERE}"), rabbitmq_for_tests(tmp_path):
        pytest.fail("There is no broker here.")


async def test_a_private_broker_comes_back_with_what_it_confirmed(
    private_rabbitmq: PrivateRabbit, amqp_prefix: str
) -> None:
    name = f"{amqp_prefix}{next(iter(work_queues()))}"
    arguments: Arguments = {"x-queue-type": "quorum"}
    async with await aio_pika.connect(private_rabbitmq.url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(name, durable=True, arguments=arguments)
        message = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key=name)
    await asyncio.to_thread(private_rabbitmq.restart)
    async with await aio_pika.connect(private_rabbitmq.url) as connection:
        queue = await (await connection.channel()).declare_queue(name, durable=True, arguments=arguments)
        assert (await queue.get(timeout=10)).body == b"kept"
