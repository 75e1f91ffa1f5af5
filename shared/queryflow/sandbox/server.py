"""The fork server: a process of one thread that has DuckDB open, and forks a walled worker when it is asked to.

Started as `python -I -m queryflow.sandbox.server` with an empty environment; ends when its parent or its socket does.
Requests and reports are datagrams of JSON: `{"fork": n}` is answered with `{"forked": n, "process": p}` and the
worker's socket, `{"kill": n}` with nothing, and every end of a worker is told as `{"ended": n, "status": s}`.
"""

import json
import os
import selectors
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from queryflow.sandbox import session, walls, worker
from queryflow.sandbox.jobs.job import INPUTS, OUTPUTS
from queryflow.sandbox.settings import Limits

DATAGRAM = 65_536
_CHANNEL = 3


@dataclass(slots=True)
class Server:
    """What the server knows: its socket to the parent, and which process is which worker."""

    control: socket.socket
    folder: Path
    limits: Limits
    connection: duckdb.DuckDBPyConnection
    workers: dict[int, int] = field(default_factory=dict)
    """Process → number of the worker."""

    def say(self, report: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        """Report to the parent; descriptors go along."""
        socket.send_fds(self.control, [json.dumps(report).encode()], list(descriptors))

    def obey(self) -> bool:
        """Do what one datagram asks; False when the parent has gone."""
        text = self.control.recv(DATAGRAM)
        if not text:
            return False
        request = json.loads(text)
        if "fork" in request:
            self.fork(int(request["fork"]))
        else:
            self.kill(int(request["kill"]))
        return True

    def fork(self, number: int) -> None:
        """Start the worker of that number in a folder made for it."""
        folder = _make_folder(self.folder / str(number), number)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        process = os.fork()
        if process == 0:
            _become_child(self, theirs, number, folder)
        self.workers[process] = number
        self.say({"forked": number, "process": process}, (ours.fileno(),))
        ours.close()
        theirs.close()

    def kill(self, number: int) -> None:
        """Kill the worker of that number, if it lives. Its process id cannot be another's: it is reaped only here."""
        for process, each in self.workers.items():
            if each == number:
                os.kill(process, signal.SIGKILL)

    def reap(self) -> None:
        """Report every worker that has ended."""
        while self.workers:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            self.say({"ended": self.workers.pop(process), "status": status})


def serve(server: Server) -> None:
    """Obey and reap until the parent goes."""
    bell, ring = os.pipe()
    os.set_blocking(bell, False)
    os.set_blocking(ring, False)
    signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with selectors.DefaultSelector() as selector:
        selector.register(server.control, selectors.EVENT_READ)
        selector.register(bell, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if bell in ready:
                os.read(bell, 4096)
                server.reap()
            if server.control in ready and not server.obey():
                return


def _make_folder(folder: Path, number: int) -> Path:
    """A folder whose `in` the worker may read and whose `out` it may write."""
    for path in (folder, folder / INPUTS, folder / OUTPUTS):
        path.mkdir(mode=0o755)
    if os.geteuid() == 0:
        user = walls.worker_user(number)
        os.chown(folder / OUTPUTS, user, user)
        (folder / OUTPUTS).chmod(0o700)
    return folder


def _become_child(server: Server, channel: socket.socket, number: int, folder: Path) -> None:
    """Never returns: whatever happens in the worker ends in the worker."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        _keep_only(channel.fileno())
        worker.live(server.connection, _CHANNEL, number, folder, server.limits)
        status = 0
    finally:
        os._exit(status)


def _keep_only(channel: int) -> None:
    """Close every descriptor but the channel; input and output lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    kept = os.dup(channel)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.dup2(kept, _CHANNEL)
    os.closerange(_CHANNEL + 1, os.sysconf("SC_OPEN_MAX"))


def main() -> None:
    """Start with: the socket's descriptor, the parent's process id, the folder, the limits as JSON."""
    descriptor, parent, folder, limits = sys.argv[1:]
    control = socket.socket(fileno=int(descriptor))
    outer = walls.raise_outer_walls()
    walls.die_with_parent()
    if os.getppid() != int(parent):
        return  # the parent ended before the kernel could be told
    server = Server(control, Path(folder), Limits(**json.loads(limits)), session.open_connection())
    worker.warm_up(server.connection, server.limits)
    server.say({"walls": [wall.document() for wall in outer]})
    serve(server)


if __name__ == "__main__":
    main()
