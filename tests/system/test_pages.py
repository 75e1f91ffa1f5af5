"""What the pages for newcomers say to type is typed, and answers what they say."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from queryflow_cli.system.home import LOCK, running_in
from tests.support.eventually import eventually
from tests.support.pages import blocks, plain

DOCS = Path(__file__).resolve().parents[2] / "docs"


class Reader:
    """Somebody who has only the page: an empty folder in which `./queryflow` starts this checkout's command line."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.home = home
        folder.mkdir()
        script = folder / "queryflow"
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m queryflow_cli "$@"\n')
        script.chmod(0o755)
        ours = {"QUERYFLOW_HOME": str(home), "QUERYFLOW_DATABASE_URL": "", "QUERYFLOW_AMQP_URL": ""}
        self._environment = {**os.environ, **ours}
        self._staying: list[subprocess.Popen[bytes]] = []

    async def stay(self, commands: str) -> None:
        """Type what is to go on, and wait until it says that it is ready."""
        command = commands.strip().replace("./queryflow up", "exec ./queryflow up --port 0")
        log = (self.folder / "up.log").open("wb")
        process = subprocess.Popen(
            ["/bin/sh", "-c", command], cwd=self.folder, env=self._environment, stdout=log, stderr=log
        )
        self._staying.append(process)
        await eventually(lambda: running_in(self.home) is not None or process.poll() is not None, within=60)
        assert process.poll() is None, (self.folder / "up.log").read_text()

    def type(self, commands: str) -> str:
        """Type the commands, each of which must succeed; what they wrote."""
        shell = ["/bin/bash", "-euo", "pipefail", "-c", commands]
        done = subprocess.run(
            shell, cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=100, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    def leave(self) -> None:
        """Press Ctrl-C in every other terminal."""
        for process in self._staying:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 0


@pytest.fixture
def reader(tmp_path: Path, sample_folder: Path) -> Iterator[Reader]:
    home = tmp_path / "home"
    (home / "samples").mkdir(parents=True)
    (home / LOCK).touch()
    (home / "samples" / "amc").symlink_to(sample_folder)
    reader = Reader(tmp_path / "clone", home)
    yield reader
    reader.leave()


@pytest.mark.timeout(300)
async def test_own_files_from_nothing_to_a_schedule(reader: Reader) -> None:
    answered, typed = "", 0
    for block in blocks(DOCS / "own-files.md"):
        if block.file is not None:
            path = reader.folder / block.file
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.text)
        elif block.words == "sh background":
            await reader.stay(block.text)
        elif block.words == "sh":
            answered, typed = reader.type(block.text), typed + 1
        elif block.words == "text":
            said = plain(answered)
            for line in block.text.splitlines():
                assert plain(line) in said, f"{line!r} is not in what was answered:\n{answered}"
    assert typed == 6
