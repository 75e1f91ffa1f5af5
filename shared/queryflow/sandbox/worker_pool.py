"""Keeps a few walled workers ready, and a fork server that makes them; starts another server when one is lost."""

import asyncio
import fcntl
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import structlog

from queryflow.sandbox.forkserver import ForkServer, ServerLost, Worker, start_server
from queryflow.sandbox.settings import SandboxSettings
from queryflow.sandbox.walls import Wall

log = structlog.get_logger()

_LOCK = "lock"
_READY_SECONDS = 30.0
_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 30.0


@dataclass(slots=True)
class WorkerPool:
    """The workers that wait for a job."""

    settings: SandboxSettings
    folder: Path = field(init=False)
    """This run's own folder; its lock tells other runs that it is in use."""
    _lock: IO[str] = field(init=False)
    _server: ForkServer | None = None
    _ready: "asyncio.Queue[Worker]" = field(default_factory=asyncio.Queue)
    _wanted: asyncio.Semaphore = field(init=False)
    _keeper: "asyncio.Task[None] | None" = None
    _chores: "set[asyncio.Task[None]]" = field(default_factory=set)

    async def start(self) -> None:
        """Make the folder and begin to make workers."""
        self._wanted = asyncio.Semaphore(self.settings.ready)
        self.settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        await asyncio.to_thread(_remove_abandoned, self.settings.folder)
        self.folder = Path(tempfile.mkdtemp(prefix="run-", dir=self.settings.folder))
        (self.folder / "copies").mkdir()
        self._lock = _locked(self.folder)
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End the server, its workers and the folder."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await asyncio.gather(*self._chores, return_exceptions=True)
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)
        self._lock.close()

    async def take(self) -> Worker:
        """A ready worker; another is made in its place. TimeoutError if none gets ready."""
        async with asyncio.timeout(_READY_SECONDS):
            while True:
                worker = await self._ready.get()
                self._wanted.release()
                if not worker.ended.done():
                    return worker
                self.discard(worker)

    def discard(self, worker: Worker) -> None:
        """End the worker if it still lives, and remove its folder, without waiting."""
        self.kill(worker)
        self._chore(_remove(worker))

    def kill(self, worker: Worker) -> None:
        """End the worker if it still lives; those who wait for its answer are told."""
        if self._server is not None and not self._server.lost.is_set():
            self._server.kill(worker)

    def walls(self) -> tuple[Wall, ...]:
        """The walls of the server that runs now."""
        return () if self._server is None else self._server.walls

    def _chore(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def _keep(self) -> None:
        pause = _PAUSE_SECONDS
        while True:
            began = asyncio.get_running_loop().time()
            reason = await self._run_server()
            if asyncio.get_running_loop().time() - began > _LONGEST_PAUSE_SECONDS:
                pause = _PAUSE_SECONDS
            log.warning("The fork server of the sandbox was lost", action="sandbox.lost", reason=reason, pause=pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _run_server(self) -> str:
        """One server's life: keep workers ready until it is lost; returns why it was."""
        folder = Path(tempfile.mkdtemp(prefix="forked-", dir=self.folder))
        try:
            server = self._server = await start_server(folder, self.settings.limits)
        except OSError as error:
            return str(error)
        tasks = {asyncio.create_task(server.lost.wait()), asyncio.create_task(self._feed(server))}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await server.stop()
            self._forget_ready()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        return next((repr(end) for end in ends if isinstance(end, Exception)), f"exit {server.process.returncode}")

    async def _feed(self, server: ForkServer) -> None:
        failures = 0
        while not server.lost.is_set():
            await self._wanted.acquire()
            try:
                self._ready.put_nowait(await self._raised(server))
                failures = 0
            except (ServerLost, TimeoutError, ValueError, OSError) as error:
                self._wanted.release()
                failures += 1
                log.warning("A worker of the sandbox did not get ready", action="sandbox.unready", reason=str(error))
                await asyncio.sleep(min(_PAUSE_SECONDS * failures, _LONGEST_PAUSE_SECONDS))
            except asyncio.CancelledError:
                self._wanted.release()  # the next server makes this worker
                raise

    async def _raised(self, server: ForkServer) -> Worker:
        """A worker behind its walls. ValueError if it ended, or broke, before it said so."""
        worker = await server.fork()
        try:
            async with asyncio.timeout(_READY_SECONDS):
                said = await worker.hear()
            if said is None or "walls" not in said:
                raise ValueError("it ended while its walls were raised" if said is None else str(said.get("broken")))
        except BaseException:
            self.discard(worker)
            raise
        worker.walls = tuple(Wall(**wall) for wall in said["walls"])
        return worker

    def _forget_ready(self) -> None:
        while not self._ready.empty():
            self._wanted.release()
            self._chore(_remove(self._ready.get_nowait()))


async def _remove(worker: Worker) -> None:
    worker.writer.close()
    await asyncio.wait([worker.ended])
    await asyncio.to_thread(shutil.rmtree, worker.folder, ignore_errors=True)


def _locked(folder: Path) -> IO[str]:
    lock = (folder / _LOCK).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return lock


def _remove_abandoned(folder: Path) -> None:
    """Remove the folders of runs that ended without removing them: nobody holds their lock."""
    for run in folder.glob("run-*"):
        try:
            _locked(run).close()
        except OSError:
            continue  # in use, or just going
        shutil.rmtree(run, ignore_errors=True)
