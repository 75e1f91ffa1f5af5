"""What every service is told when it starts: one frozen object, read once from the environment.

`QUERYFLOW_<NAME>` sets a value for every service, `QUERYFLOW_<SERVICE>_<NAME>` for one of them and wins.
"""

import os
import secrets
import socket
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, PositiveFloat, SecretStr, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

MINIMUM_TOKEN_LENGTH = 32
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


def instance_name() -> str:
    """A name for this process that no other process has: host, process id and random digits."""
    return f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(4)}"


def _objects_folder(values: dict[str, Any]) -> str:
    return str(values["home"] / "objects")


class ServiceSettings(BaseSettings):
    """The settings that all services share; each service adds its port and its own."""

    model_config = SettingsConfigDict(env_prefix="QUERYFLOW_", frozen=True, extra="ignore", hide_input_in_errors=True)

    service: ClassVar[str] = "service"
    """The name in environment variables, roles and tables: composer, executor, scheduler or status."""

    database_url: str = Field(repr=False)
    """`postgresql://…`; the tables live there."""
    amqp_url: str | None = Field(default=None, repr=False)
    """RabbitMQ; without it the services share one process and its local bus."""
    amqp_prefix: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]{0,60}$")
    """Put before every exchange and queue, so that several installations share a broker."""
    home: Path = Field(default_factory=lambda: Path.home() / ".queryflow")
    objects_url: str = Field(default_factory=_objects_folder)
    """Where results live: a folder (a path or a `file://` URL), or `s3://bucket/prefix`."""
    s3_endpoint: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65_535)
    token: SecretStr | None = None
    """What callers send as `Authorization: Bearer …`; demanded as soon as `host` is reachable from other machines."""
    sweep_seconds: PositiveFloat = 30.0
    outbox_age_seconds: PositiveFloat = 60.0
    poll_seconds: PositiveFloat = 1.0
    drain_seconds: PositiveFloat = 15.0
    """How long running handlers may take to end after a stop was asked for."""
    log_level: str = Field(default="INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$")
    instance: str = Field(default_factory=instance_name)

    @property
    def role(self) -> str:
        """The database role the service works under."""
        return f"queryflow_{self.service}"

    @property
    def on_loopback(self) -> bool:
        """Whether only programs of this machine reach the service."""
        return self.host in LOOPBACK_HOSTS

    @model_validator(mode="after")
    def _demand_token(self) -> Self:
        if self.token is not None and len(self.token.get_secret_value()) < MINIMUM_TOKEN_LENGTH:
            raise ValueError(f"QUERYFLOW_TOKEN must have at least {MINIMUM_TOKEN_LENGTH} characters")
        if self.token is None and not self.on_loopback:
            raise ValueError(
                f"host {self.host} is reachable from other machines: set QUERYFLOW_TOKEN "
                f"to a secret of at least {MINIMUM_TOKEN_LENGTH} characters, or use host 127.0.0.1"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the service's own variables, these over the common ones."""
        own = EnvSettingsSource(settings_cls, env_prefix=f"QUERYFLOW_{cls.service.upper()}_")
        return init_settings, own, env_settings
