"""What a service is told by its environment."""

from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import ValidationError

from queryflow.process.settings import ServiceSettings

URL = "postgresql://somebody:secret-word@db/queryflow"
TOKEN = "t" * 32


class ComposerLike(ServiceSettings):
    service: ClassVar[str] = "composer"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYFLOW_DATABASE_URL", URL)
    monkeypatch.delenv("QUERYFLOW_AMQP_URL", raising=False)


def test_a_service_s_own_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYFLOW_PORT", "1000")
    monkeypatch.setenv("QUERYFLOW_COMPOSER_DATABASE_URL", "postgresql://own")
    settings = ComposerLike()
    assert (settings.database_url, settings.port, settings.role) == ("postgresql://own", 1000, "queryflow_composer")
    assert ServiceSettings().database_url == URL


def test_objects_live_in_the_home_unless_told_otherwise(tmp_path: Path) -> None:
    assert ServiceSettings(home=tmp_path).objects_url == str(tmp_path / "objects")
    assert ServiceSettings(home=tmp_path, objects_url="s3://bucket").objects_url == "s3://bucket"


def test_beyond_loopback_a_token_is_demanded() -> None:
    with pytest.raises(ValidationError, match="set QUERYFLOW_TOKEN"):
        ServiceSettings(host="0.0.0.0")
    assert not ServiceSettings(host="0.0.0.0", token=TOKEN).on_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_short_token_is_refused_everywhere(host: str) -> None:
    assert ServiceSettings(host=host).on_loopback
    with pytest.raises(ValidationError, match="at least 32 characters"):
        ServiceSettings(host=host, token="t" * 31)


def test_secrets_are_not_shown() -> None:
    settings = ServiceSettings(amqp_url="amqp://u:secret-word@mq", token=TOKEN)
    assert "secret-word" not in repr(settings)
    assert TOKEN not in repr(settings)
    with pytest.raises(ValidationError) as refused:
        ServiceSettings(token="secret-word")
    assert "secret-word" not in str(refused.value)


def test_settings_do_not_change_and_instances_differ() -> None:
    settings = ServiceSettings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # type: ignore[misc] # that it cannot be set is the point
    assert settings.instance != ServiceSettings().instance
