"""How a service's process begins: settings, logs, failpoint, bus; and how it says that it cannot."""

import os
import sys

import asyncpg
import structlog
import uvloop
from pydantic import ValidationError

from queryflow.bus.rabbit.bus import RabbitBus
from queryflow.domain.errors import Refused
from queryflow.engines.joining import join_engines
from queryflow.process.failpoints import arm
from queryflow.process.logs import configure_logs
from queryflow.process.settings import ServiceSettings
from queryflow.service.service import OpenService
from queryflow.service.serving import serve

log = structlog.get_logger()


def run_service(settings_type: type[ServiceSettings], open_service: OpenService) -> int:
    """Run the service as a process of its own, on RabbitMQ. Exit codes: 0 asked to stop, 1 failed, 2 wrong settings."""
    try:
        settings = settings_type()
    except ValidationError as error:
        return _refuse(settings_type.service, error)
    if settings.amqp_url is None:
        print("QUERYFLOW_AMQP_URL is not set: a service alone needs RabbitMQ.", file=sys.stderr)
        return 2
    configure_logs(settings.log_level)
    arm(os.environ.get("QUERYFLOW_CRASH"))
    bus = RabbitBus(settings.amqp_url, settings.amqp_prefix, drain_seconds=settings.drain_seconds)
    try:
        join_engines()
        uvloop.run(serve(settings, bus, open_service))
    except (Refused, asyncpg.PostgresError) as error:
        log.error(f"The service cannot run: {error}", action="service.refused", service=settings.service)
        return 1
    except Exception:
        log.exception("The service ended", action="service.failed", service=settings.service)
        return 1
    return 0


def _refuse(service: str, error: ValidationError) -> int:
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        name = "QUERYFLOW_" + "_".join(map(str, problem["loc"])).upper() if problem["loc"] else service
        print(f"{name}: {problem['msg'].removeprefix('Value error, ')}", file=sys.stderr)
    return 2
