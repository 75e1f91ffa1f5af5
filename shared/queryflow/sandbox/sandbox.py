"""Runs jobs: each in a walled worker of its own that is killed at its deadline, and whose word is checked."""

import asyncio
import math
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from queryflow.domain.resource_errors import is_shortage
from queryflow.domain.states import ErrorKind
from queryflow.sandbox import staging
from queryflow.sandbox.checking import items_of
from queryflow.sandbox.forkserver import ServerLost, Worker
from queryflow.sandbox.jobs.job import INPUTS, Answer, Excess, Job, JobFailed
from queryflow.sandbox.settings import MEGABYTE, SandboxSettings
from queryflow.sandbox.values import from_json
from queryflow.sandbox.walls import Wall, held_by_kernel
from queryflow.sandbox.watching import Watch
from queryflow.sandbox.worker_pool import WorkerPool

_SERVERS_LOST_AT_MOST = 3
_LONGEST_MESSAGE = 4_000


class WallsMissing(Exception):
    """The machine has no wall that would hold the queries of strangers."""


@dataclass(slots=True)
class Sandbox:
    """The sandbox of one service. Start it once; `run` may then be called from many tasks."""

    settings: SandboxSettings
    _pool: WorkerPool = field(init=False)
    _staging: staging.Staging = field(init=False)
    _slots: asyncio.Semaphore = field(init=False)

    async def start(self) -> None:
        """Begin to keep workers ready. WallsMissing if others are to be let in and the kernel cannot hold them."""
        self._pool = WorkerPool(self.settings)
        self._slots = asyncio.Semaphore(self.settings.width)
        await self._pool.start()
        self._staging = staging.Staging(self._pool.folder / "copies", self.settings.copies_mb * MEGABYTE)
        if self.settings.exposed and not held_by_kernel(await self.walls()):
            await self.stop()
            raise WallsMissing("Neither Landlock nor seccomp is available here: serve on 127.0.0.1 only.")

    async def stop(self) -> None:
        """End every worker and remove what they left."""
        await self._pool.stop()

    async def run(self, job: Job) -> tuple[Answer, ...]:
        """The answers to the job's queries, in order; result files lie in its directory. Cancelling kills the worker.

        Raises JobFailed. A job whose fork server was lost under it is begun again: queries only read.
        """
        async with self._slots:
            for _ in range(_SERVERS_LOST_AT_MOST):
                try:
                    async with self._child() as worker:
                        return await self._run_in(worker, job)
                except ServerLost:
                    continue
        raise JobFailed(ErrorKind.TRANSIENT, "The sandbox was lost while the query ran.")

    async def walls(self) -> list[Wall]:
        """Every wall, outermost first, as a worker of now has it."""
        async with self._child() as worker:
            return [*self._pool.walls(), *worker.walls]

    @asynccontextmanager
    async def _child(self) -> AsyncIterator[Worker]:
        try:
            worker = await self._pool.take()
        except TimeoutError:
            raise JobFailed(ErrorKind.TRANSIENT, "The sandbox has no worker ready; its log says why.") from None
        try:
            yield worker
        finally:
            self._pool.discard(worker)

    async def _run_in(self, worker: Worker, job: Job) -> tuple[Answer, ...]:
        if job.inputs:
            await self._put_inputs(worker, job)
        worker.say(_armed(job, self.settings))
        files = any(query.file for query in job.queries)
        watch = Watch(worker, self.settings.limits)
        watching = asyncio.create_task(self._end_at_verdict(watch))
        try:
            async with asyncio.timeout(job.deadline.total_seconds()):
                answers = _answers(await self._heard(watch), len(job.queries))
                if files:
                    await asyncio.shield(worker.ended)  # a file is taken once nobody can change it any more
        except TimeoutError:
            raise JobFailed(ErrorKind.TIMEOUT, f"The query ran longer than {job.deadline}.") from None
        finally:
            watching.cancel()
        return await asyncio.to_thread(_take_files, watch, job, answers) if files else answers

    async def _end_at_verdict(self, watch: Watch) -> None:
        await watch.wait()
        self._pool.kill(watch.worker)

    async def _put_inputs(self, worker: Worker, job: Job) -> None:
        def put() -> None:
            for name, source in job.inputs.items():
                try:
                    self._staging.put(source, worker.folder, name, copied=job.copied)
                except OSError as error:
                    message = f"An input of the query cannot be read: {error.strerror}."
                    raise JobFailed(_unread(error), message, unread=f"{INPUTS}/{name}") from error

        await asyncio.to_thread(put)

    async def _heard(self, watch: Watch) -> dict[str, Any]:
        """What the worker answers; JobFailed with the reason if it fails or ends without an answer."""
        try:
            said = await watch.worker.hear()
        except (ValueError, RecursionError):
            raise JobFailed(
                ErrorKind.REJECTED, f"The answer is larger than {self.settings.limits.answer_mb} MB."
            ) from None
        if said is None:
            status = await asyncio.shield(watch.worker.ended)
            raise watch.verdict or watch.too_much() or _ended(status)
        if "failed" in said:
            raise _failed(said["failed"])
        return said


def _unread(error: OSError) -> ErrorKind:
    if is_shortage(error):
        return ErrorKind.TRANSIENT
    return ErrorKind.FORBIDDEN if isinstance(error, PermissionError) else ErrorKind.MISSING


def _armed(job: Job, settings: SandboxSettings) -> dict[str, Any]:
    cpu_seconds = math.ceil(job.deadline.total_seconds()) * settings.limits.threads + 1
    return {"queries": [asdict(query) for query in job.queries], "cpu_seconds": cpu_seconds}


def _answers(said: dict[str, Any], requested: int) -> tuple[Answer, ...]:
    try:
        answers = tuple(_answer(document) for document in said["answers"])
        if len(answers) != requested:
            raise ValueError("one answer for each query")
        return answers
    except (KeyError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise JobFailed(ErrorKind.INTERNAL, "The sandbox answered in a form that is not its own.") from error


def _answer(document: dict[str, Any]) -> Answer:
    return Answer(
        columns=tuple((str(name), str(type_)) for name, type_ in document["columns"]),
        row_count=int(document["row_count"]),
        rows=tuple(tuple(from_json(value) for value in row) for row in document["rows"]),
        more=bool(document["more"]),
        notices=tuple(str(each) for each in document.get("notices", ())),
        excess=None if document.get("excess") is None else _excess(document["excess"]),
        items=None if document.get("items") is None else items_of(document["items"]),
    )


def _excess(document: dict[str, Any]) -> Excess:
    fitting, row, column = (int(document[name]) for name in ("fitting", "row_bytes", "column_bytes"))
    return Excess(fitting, row, str(document["column"])[:_LONGEST_MESSAGE], column)


def _failed(document: dict[str, Any]) -> JobFailed:
    try:
        kind = ErrorKind(document["kind"])
        return JobFailed(kind, str(document["message"])[:_LONGEST_MESSAGE], int(document["query"]))
    except (KeyError, TypeError, ValueError):
        return JobFailed(ErrorKind.INTERNAL, "The sandbox failed in a form that is not its own.")


def _ended(status: int) -> JobFailed:
    """Why a worker ended without an answer. A crash is the query's doing and repeats; a kill from outside need not."""
    number = status & 0x7F
    if number == signal.SIGKILL:
        return JobFailed(
            ErrorKind.TRANSIENT, "The query's process was killed, most likely because the machine ran out of memory."
        )
    if number == signal.SIGXCPU:
        return JobFailed(ErrorKind.TIMEOUT, "The query used more processor time than it may.")
    how = signal.Signals(number).name if number else f"exit {status >> 8}"
    return JobFailed(
        ErrorKind.REJECTED, f"The query ended its process ({how}); most likely it needs more memory than it may use."
    )


def _take_files(watch: Watch, job: Job, answers: tuple[Answer, ...]) -> tuple[Answer, ...]:
    if too_much := watch.too_much():  # written since the last look
        raise too_much
    return tuple(
        answer if query.file is None else _with_file(answer, watch.worker, number, job.directory / query.file)
        for number, (query, answer) in enumerate(zip(job.queries, answers, strict=True))
    )


def _with_file(answer: Answer, worker: Worker, number: int, target: Path) -> Answer:
    try:
        return replace(answer, file=staging.take(worker.folder, number, target))
    except OSError as error:
        kind = ErrorKind.TRANSIENT if is_shortage(error) else ErrorKind.INTERNAL
        raise JobFailed(kind, f"The result cannot be taken out of the sandbox: {error.strerror}.") from error
