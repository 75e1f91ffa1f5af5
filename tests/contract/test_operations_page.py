"""The page for operators names every setting there is."""

import re
from pathlib import Path

import pytest

from composer.process.settings import ComposerSettings
from executor.process.settings import ExecutorSettings
from queryflow.process.settings import ServiceSettings
from scheduler.process.settings import SchedulerSettings
from status.process.settings import StatusSettings

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
SERVICES = (ComposerSettings, ExecutorSettings, SchedulerSettings, StatusSettings)


def variables() -> set[str]:
    """A service's own settings carry its name; those of all do not."""
    own = {
        f"QUERYFLOW_{settings.service}_{name}".upper()
        for settings in SERVICES
        for name in settings.model_fields.keys() - ServiceSettings.model_fields.keys()
    }
    return own | {f"QUERYFLOW_{name}".upper() for name in ServiceSettings.model_fields}


@pytest.mark.parametrize("variable", sorted(variables()))
def test_a_setting_is_named_on_the_page(variable: str) -> None:
    assert f"`{variable}`" in PAGE.read_text()


def test_the_page_names_nothing_else() -> None:
    assert set(re.findall(r"`(QUERYFLOW_[A-Z0-9_]+)`", PAGE.read_text())) == variables()
