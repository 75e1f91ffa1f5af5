"""The set-up: what it finds missing, and what it says instead of a traceback."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The bootstrap of a checkout of its own, with requirements of nothing."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "tools/bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bootstrap", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "requirements").mkdir()
    for kit in (module.BASE, module.TEST):
        kit.requirements.write_text("")
    return module


@pytest.fixture
def installed(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were installed, in order; nothing is really installed."""
    files: list[str] = []
    monkeypatch.setattr(bootstrap, "_install", lambda environment, file: files.append(file.name))
    monkeypatch.setattr(
        bootstrap, "_make_environment", lambda environment: environment.mkdir(parents=True, exist_ok=True)
    )
    return files


def test_it_installs_once_and_again_when_the_requirements_change(bootstrap: ModuleType, installed: list[str]) -> None:
    environment = bootstrap.ROOT / ".venv"
    bootstrap.prepare(environment, [bootstrap.BASE])
    bootstrap.prepare(environment, [bootstrap.BASE])
    assert installed == ["base.txt"]
    bootstrap.prepare(environment, [bootstrap.BASE, bootstrap.TEST])
    assert installed == ["base.txt", "test.txt"]
    bootstrap.BASE.requirements.write_text("more")
    assert bootstrap.missing(environment, [bootstrap.BASE, bootstrap.TEST]) == [bootstrap.BASE]
    bootstrap.prepare(environment, [bootstrap.BASE, bootstrap.TEST])
    assert installed[2:] == ["base.txt", "test.txt"]


def test_every_python_has_an_environment_of_its_own(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = bootstrap.environment_here()
    monkeypatch.setattr(bootstrap.sys, "version", "3.13.0 of somebody")
    assert bootstrap.environment_here() != mine


def test_newer_packages_get_an_environment_beside_the_old_one_that_stays_while_it_is_used(
    bootstrap: ModuleType, installed: list[str]
) -> None:
    old = bootstrap.environment_here()
    bootstrap.prepare(old, [bootstrap.BASE])
    python = old / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    bootstrap.BASE.requirements.write_text("more")
    new = bootstrap.environment_here()
    with subprocess.Popen([python, "-c", "input()"], stdin=subprocess.PIPE) as system:
        bootstrap.prepare(new, [bootstrap.BASE])
        assert old.is_dir()
        system.communicate(b"\n")
    bootstrap.BASE.requirements.write_text("most")
    bootstrap.prepare(bootstrap.environment_here(), [bootstrap.BASE])
    assert [each.name for each in old.parent.iterdir()] == [bootstrap.environment_here().name]
    assert installed == ["base.txt"] * 3


def test_another_pythons_environment_stays(
    bootstrap: ModuleType, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = bootstrap.environment_here()
    with monkeypatch.context() as other:
        other.setattr(bootstrap.sys, "version", "3.13.0 of somebody")
        theirs = bootstrap.environment_here()
        bootstrap.prepare(theirs, [bootstrap.BASE])
    bootstrap.prepare(mine, [bootstrap.BASE])
    assert theirs.is_dir()
    assert mine.is_dir()
    assert len(installed) == 2


def test_an_interrupted_install_is_made_again_from_nothing(
    bootstrap: ModuleType, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(environment: Path, file: Path) -> None:
        raise KeyboardInterrupt

    environment = bootstrap.ROOT / ".venv"
    with monkeypatch.context() as broken:
        broken.setattr(bootstrap, "_install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            bootstrap.prepare(environment, [bootstrap.BASE])
    assert bootstrap.missing(environment, [bootstrap.BASE])
    bootstrap.prepare(environment, [bootstrap.BASE])
    assert installed == ["base.txt"]


def test_without_venv_it_says_what_to_type(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_has_venv", lambda: False)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1234)
    with pytest.raises(bootstrap.SetupFailed, match="apt-get install -y python3-venv"):
        bootstrap.prepare(bootstrap.ROOT / ".venv", [bootstrap.BASE])


def test_a_mirror_that_pip_is_told_is_told_to_uv(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    told = bootstrap._what_pip_is_told(Path(sys.executable))  # the door uv gets its settings through
    assert told["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"


def test_without_a_home_nothing_is_cached(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "")
    assert bootstrap._tools_environment()["UV_NO_CACHE"] == "1"


def test_a_machine_without_python_gets_one_sentence(tmp_path: Path) -> None:
    for tool in ("dirname", "readlink"):
        (tmp_path / tool).symlink_to(Path("/usr/bin") / tool)
    done = subprocess.run(
        ["/bin/sh", ROOT / "queryflow", "demo"],
        env={"PATH": str(tmp_path)}, cwd=os.sep, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("QueryFlow needs Python 3.11 or newer: type 'apt-get install")
    assert len(done.stderr.splitlines()) == 1
