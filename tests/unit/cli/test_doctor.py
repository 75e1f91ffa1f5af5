from pathlib import Path

from queryflow_cli.system.doctor import why_no_home
from queryflow_cli.system.home import owned


def test_doctor_says_beforehand_what_cannot_be_a_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert why_no_home(home, tmp_path) is None
    with owned(home):
        (home / "letter").write_text("")
    assert why_no_home(home, home) is None
    (home / "owner.lock").unlink()
    assert str(why_no_home(home, home)).startswith(f"{home} holds something else")
    file = home / "letter"
    assert str(why_no_home(file / "home", file)).startswith(f"no folder of yours can be made in {file}")
