"""The package as people install it: built, installed beside its dependencies, and run from nothing."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path = ROOT, home: Path | None = None) -> str:
    environment = {**os.environ, "HOME": str(home)} if home else dict(os.environ)
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The programs of an environment that has the wheel, and the packages it depends on, but not this checkout."""
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path / "dist")
    [wheel] = (tmp_path / "dist").glob("queryflow-*.whl")
    environment = tmp_path / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    programs = environment / "bin"
    run(sys.executable, "-m", "pip", "--python", programs / "python", "install", "--no-deps", "--no-index", wheel)
    purelib = run(programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    # A path in a .pth file is searched, but the .pth files in it are not read: ours, which leads here, is left out.
    (Path(purelib) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs


def test_the_wheel_runs_the_demo_in_an_empty_home(installed: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    where = run(installed / "python", "-P", "-c", "import queryflow; print(queryflow.__file__)", cwd=tmp_path)
    assert where.startswith(str(installed.parent))
    said = json.loads(run(installed / "queryflow", "demo", "--json", cwd=tmp_path, home=home))
    assert said["state"] == "succeeded"
    assert [node["rows"] for node in said["nodes"]] == [16, 3, 158]
