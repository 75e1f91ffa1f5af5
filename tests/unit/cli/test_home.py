import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from executor.process.settings import ExecutorSettings
from queryflow.domain.errors import Conflict, Refused
from queryflow_cli.commands.connections import NAME
from queryflow_cli.system.home import LOCK, RunningSystem, announce, home_directory, owned, running_in, throw_away_home
from queryflow_cli.terminal.naming import own_name

SYSTEM = RunningSystem("http://127.0.0.1:8700", "postgresql://queryflow:secret@127.0.0.1:5432/queryflow", 4711)
OWNER = """
import sys
from pathlib import Path
from queryflow_cli.commands.connections import NAME
from queryflow_cli.system.home import RunningSystem, announce, owned
home = Path(sys.argv[1])
with owned(home):
    announce(home, RunningSystem("http://127.0.0.1:8700", "postgresql://…", 4711))
    print("here", flush=True)
    sys.stdin.read()
"""


class Owner:
    """A process of its own that owns a home."""

    def __init__(self, home: Path) -> None:
        command = [sys.executable, "-c", OWNER, str(home)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"here\n"

    def leave(self) -> None:
        self.process.communicate()

    def die(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


def test_a_second_owner_is_told_where_the_first_one_is(tmp_path: Path) -> None:
    owner = Owner(tmp_path / "home")
    try:
        with pytest.raises(Conflict, match=r"at http://127\.0\.0\.1:8700 \(process 4711\); stop it, or name another"):
            owned(tmp_path / "home").__enter__()
        found = running_in(tmp_path / "home")
        assert found is not None
        assert found.url == "http://127.0.0.1:8700"
    finally:
        owner.leave()
    assert running_in(tmp_path / "home") is None
    assert not (tmp_path / "home" / "running.json").exists()


def test_what_a_killed_owner_left_says_nothing(tmp_path: Path) -> None:
    Owner(tmp_path).die()
    assert (tmp_path / "running.json").exists()
    assert running_in(tmp_path) is None
    with owned(tmp_path):
        pass


def test_only_its_owner_may_look_into_a_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    with owned(home):
        announce(home, SYSTEM)
        assert home.stat().st_mode & 0o777 == 0o700
        assert (home / "running.json").stat().st_mode & 0o777 == 0o600
        assert json.loads((home / "running.json").read_text())["pid"] == 4711


def test_what_cannot_be_a_home_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for home, reason in ((tmp_path / "file", "File exists"), (tmp_path / "file" / "below", "Not a directory")):
        with pytest.raises(Refused, match=f"cannot be a home: {reason}"):
            owned(home).__enter__()
        assert running_in(home) is None


def test_a_folder_of_other_things_is_left_as_it_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "lost+found").mkdir(parents=True)
    (home / "letter").write_text("")
    home.chmod(0o755)
    with pytest.raises(Refused, match="holds something else; name an empty folder"):
        owned(home).__enter__()
    assert home.stat().st_mode & 0o777 == 0o755
    (home / "letter").unlink()
    with owned(home):
        (home / "letter").write_text("")
    with owned(home):
        pass


def test_what_services_left_that_were_started_alone_can_become_a_home(tmp_path: Path) -> None:
    settings = ExecutorSettings(database_url="postgresql://unused", home=tmp_path)
    for name in ("sandbox", "attempts", "status", Path(settings.objects_url).name):
        (tmp_path / name).mkdir()
    with owned(tmp_path):
        assert (tmp_path / LOCK).exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_others_cannot_be_a_home() -> None:
    with pytest.raises(Refused, match="cannot be a home"):
        owned(Path("/queryflow-home")).__enter__()


def test_the_home_is_as_given_then_as_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("QUERYFLOW_HOME", "~/other")
    assert home_directory(Path("~/asked")) == tmp_path / "asked"
    assert home_directory(None) == tmp_path / "other"
    monkeypatch.delenv("QUERYFLOW_HOME")
    assert home_directory(None) == tmp_path / ".queryflow"


def test_a_folder_has_a_name_of_its_own_that_does_not_change(tmp_path: Path) -> None:
    folders = [tmp_path / "a" / "Shop 2026", tmp_path / "b" / "Shop 2026", tmp_path / "a" / "日本"]
    names = [own_name(folder) for folder in folders]
    assert names == [own_name(folder) for folder in folders]
    assert len(set(names)) == 3
    assert names[0].startswith("folder_shop_2026_")
    assert all(NAME.fullmatch(name) for name in names)


def test_a_throw_away_home_is_gone_afterwards() -> None:
    with throw_away_home() as home:
        (home / "file").write_text("")
    assert not home.exists()
