"""The parent's side of the fork server: start it, ask it for workers, hear of their ends."""

import asyncio
import contextlib
import json
import os
import socket
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from queryflow.sandbox.settings import MEGABYTE, Limits
from queryflow.sandbox.walls import Wall

_DATAGRAM = 65_536
_PATIENCE_SECONDS = 30.0


class ServerLost(Exception):
    """The fork server ended, and its workers with it."""


@dataclass(slots=True)
class Worker:
    """A worker as its parent sees it: its folder, its channel, and its end."""

    number: int
    process: int
    folder: Path
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    ended: "asyncio.Future[int]"
    """The wait status, once it has ended; ServerLost if nobody can know."""
    walls: tuple[Wall, ...] = ()

    async def hear(self) -> dict[str, Any] | None:
        """The next thing it says; None if it ended without it. ValueError if it says more than it may, or nonsense."""
        try:
            line = await self.reader.readline()
        except ConnectionError:  # it ended before it was told its job
            return None
        if not line.endswith(b"\n"):
            return None
        document = json.loads(line)
        if not isinstance(document, dict):
            raise ValueError("an answer is an object")
        return document

    def say(self, document: dict[str, Any]) -> None:
        """Tell it its job."""
        self.writer.write(json.dumps(document).encode() + b"\n")


@dataclass(slots=True)
class ForkServer:
    """A running fork server."""

    process: asyncio.subprocess.Process
    control: socket.socket
    folder: Path
    limits: Limits
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    walls: tuple[Wall, ...] = ()
    _numbers: int = 0
    _forked: dict[int, "asyncio.Future[tuple[socket.socket, int]]"] = field(default_factory=dict)
    _ended: dict[int, "asyncio.Future[int]"] = field(default_factory=dict)

    async def fork(self) -> Worker:
        """A new worker, not yet walled: it says `walls` when it is. ServerLost if the server ends meanwhile."""
        loop = asyncio.get_running_loop()
        self._numbers += 1
        number = self._numbers
        forked = self._forked[number] = loop.create_future()
        ended = self._ended[number] = loop.create_future()
        ended.add_done_callback(_seen)
        self._say({"fork": number})
        channel, process = await forked
        reader, writer = await asyncio.open_unix_connection(sock=channel, limit=self.limits.answer_mb * MEGABYTE)
        return Worker(number, process, self.folder / str(number), reader, writer, ended)

    def kill(self, worker: Worker) -> None:
        """End the worker now; an ended one stays ended."""
        if not worker.ended.done():
            self._say({"kill": worker.number})

    async def stop(self) -> None:
        """End the server and all its workers, and wait for it."""
        self._lose()
        self.control.close()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    def listen(self) -> None:
        """Begin to hear the server's reports."""
        asyncio.get_running_loop().add_reader(self.control, self._hear)

    def _say(self, request: dict[str, Any]) -> None:
        try:
            self.control.send(json.dumps(request).encode())
        except OSError:
            self._lose()

    def _hear(self) -> None:
        try:
            text, descriptors, _, _ = socket.recv_fds(self.control, _DATAGRAM, 1)
        except BlockingIOError:
            return
        except OSError:
            text, descriptors = b"", []
        if not text:
            self._lose()
            return
        self._take(json.loads(text), descriptors)

    def _take(self, report: dict[str, Any], descriptors: list[int]) -> None:
        if "forked" in report:
            channel = socket.socket(fileno=descriptors[0])
            channel.setblocking(False)
            waiting = self._forked.pop(report["forked"])
            if waiting.done():
                channel.close()
            else:
                waiting.set_result((channel, int(report["process"])))
        elif "ended" in report:
            self._ended.pop(report["ended"]).set_result(int(report["status"]))
        else:
            self.walls = tuple(Wall(**wall) for wall in report["walls"])

    def _lose(self) -> None:
        """No more answers will come: tell all who wait. The workers die with the server."""
        if self.lost.is_set():
            return
        self.lost.set()
        asyncio.get_running_loop().remove_reader(self.control)
        waiters: list[asyncio.Future[Any]] = [*self._forked.values(), *self._ended.values()]
        for waiting in waiters:
            if not waiting.done():
                waiting.set_exception(ServerLost("the fork server ended"))
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()


async def start_server(folder: Path, limits: Limits) -> ForkServer:
    """Start a fork server whose workers live in `folder`; it is ready to fork when its walls are known, and before."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    arguments = (str(theirs.fileno()), str(os.getpid()), str(folder), json.dumps(asdict(limits)))
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", "queryflow.sandbox.server", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            env={},
            cwd="/",
            start_new_session=True,
        )
    server = ForkServer(process, ours, folder, limits)
    server.listen()
    return server


def _seen(future: "asyncio.Future[int]") -> None:
    """An end that nobody waited for is not an error."""
    if not future.cancelled():
        future.exception()
