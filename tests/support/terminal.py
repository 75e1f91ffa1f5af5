"""Commands as a person types them: processes of their own that find the same home."""

import os
import subprocess
import sys
from pathlib import Path


class Terminal:
    """Runs commands that all find the same home."""

    def __init__(self, home: Path) -> None:
        ours = {"QUERYFLOW_HOME": str(home), "QUERYFLOW_DATABASE_URL": "", "QUERYFLOW_AMQP_URL": ""}
        self._environment = {**os.environ, **ours}

    def become(self, *words: str) -> None:
        """Be the command instead of this process."""
        command = [sys.executable, "-P", "-m", "queryflow_cli", *words]
        os.execve(command[0], command, self._environment)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Begin a command."""
        command = [sys.executable, "-P", "-m", "queryflow_cli", *words]
        return subprocess.Popen(
            command, env=self._environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def type(self, *words: str, code: int = 0) -> tuple[str, str]:
        """Run a command to its end, which must have this exit code; what it wrote to stdout and stderr."""
        process = self.start(*words)
        out, err = process.communicate(timeout=90)
        assert process.returncode == code, out + err
        return out, err
