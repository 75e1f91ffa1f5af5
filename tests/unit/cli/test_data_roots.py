"""Which folders a system that the command line starts offers to engine connections."""

from pathlib import Path

import pytest

from queryflow_cli.system.services import data_roots


def test_the_folder_in_which_it_was_started_is_offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("QUERYFLOW_DATA_ROOTS", raising=False)
    monkeypatch.chdir(tmp_path)
    assert data_roots() == str(tmp_path)


def test_what_the_environment_names_is_offered_instead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for named in ("/data:/more", ""):
        monkeypatch.setenv("QUERYFLOW_DATA_ROOTS", named)
        assert data_roots() == named


def test_the_composers_own_variable_wins_as_in_every_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYFLOW_DATA_ROOTS", "/data")
    monkeypatch.setenv("QUERYFLOW_COMPOSER_DATA_ROOTS", "/more")
    assert data_roots() == "/more"


def test_the_whole_machine_is_never_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUERYFLOW_DATA_ROOTS", raising=False)
    monkeypatch.chdir("/")
    assert data_roots() == ""
