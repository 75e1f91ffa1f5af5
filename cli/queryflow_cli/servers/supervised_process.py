"""Starts a server that ends when its owner ends, however the owner ends.

The shell between the two holds the read end of a pipe whose only writer is the owner. When the owner is gone, by exit,
crash or SIGKILL, the pipe closes and the shell asks the server to stop. PR_SET_PDEATHSIG would not do: the kernel
forgets it when the server changes its user or enters a user namespace, and ties it to the thread that forked.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_GUARD = """
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
( trap '' INT TERM; read -r _ <&3; kill -s "$0" "$server" ) 2>/dev/null &
guard=$!
wait "$server"
code=$?
kill -s KILL "$guard" 2>/dev/null
exit "$code"
"""


@dataclass(frozen=True, slots=True)
class SupervisedCommand:
    """What to start and how to ask it to stop."""

    arguments: Sequence[str]
    stop_signal: str
    """The signal's name as `kill -s` takes it: INT, TERM."""
    folder: Path
    """The working directory."""
    log: Path
    """Receives stdout and stderr, appended."""
    environment: Mapping[str, str] | None = None
    """The whole environment; None inherits ours."""
    user: int | None = None
    """The uid (and gid) to run as; only root may name one."""


class SupervisedProcess:
    """A running server; `stop` ends it, and so does our own end."""

    def __init__(self, command: SupervisedCommand) -> None:
        with command.log.open("ab") as log:
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, command.stop_signal, *command.arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=command.folder,
                env=command.environment,
                start_new_session=True,  # Ctrl-C in the terminal is for us, not for the server
                user=command.user,
                group=command.user,
                extra_groups=None if command.user is None else [],
            )

    @property
    def running(self) -> bool:
        """Whether the server has not ended."""
        return self._shell.poll() is None

    @property
    def code(self) -> int | None:
        """The exit code of a server that has ended; 128 and more where a signal ended it."""
        return self._shell.poll()

    def stop(self, *, within_seconds: float = 30.0) -> None:
        """Ask the server to stop, wait for it, and kill it if it does not; a second call does nothing."""
        assert self._shell.stdin is not None
        with suppress(BrokenPipeError):
            self._shell.stdin.close()
        try:
            self._shell.wait(within_seconds)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._shell.pid, signal.SIGKILL)
            self._shell.wait()
