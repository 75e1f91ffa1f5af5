"""Group commit: together what arrives together, alone what arrives alone, and a bad one harms no other."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import pytest

from executor.model.attempt import Attempt
from executor.model.outcome import Finished, Succeeded
from executor.process.group_commit import MOST_TOGETHER, GroupCommit
from queryflow.domain.errors import TryAgain
from queryflow.domain.ids import ExecutionId, NodeId


def finished(node: str) -> Finished:
    attempt = Attempt(uuid4(), ExecutionId(uuid4()), NodeId(node), 1, 1, "duckdb", "sample", timedelta(0))
    return Finished(attempt, Succeeded(rows=1))


class Recorder:
    """Remembers what was recorded together, and holds each call until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.alone_too: list[str] = []
        self.go = asyncio.Event()

    async def record(self, batch: Sequence[Finished]) -> None:
        await self.go.wait()
        nodes = [str(each.attempt.node_id) for each in batch]
        self.batches.append(nodes)
        if "bad" in nodes:
            raise ValueError("bad")
        if "early" in nodes:
            raise TryAgain("the database is away")

    async def alone(self, one: Finished) -> None:
        self.alone_too.append(str(one.attempt.node_id))
        if one.attempt.node_id == "bad":
            raise ValueError("bad")


async def test_an_outcome_that_comes_alone_is_recorded_at_once_and_alone() -> None:
    recorder = Recorder()
    recorder.go.set()
    group_commit = GroupCommit(recorder.record, recorder.alone)
    await group_commit.finish(finished("a"))
    await group_commit.finish(finished("b"))
    assert recorder.batches == [["a"], ["b"]]


async def test_what_arrives_during_a_commit_goes_together_with_the_next() -> None:
    recorder = Recorder()
    group_commit = GroupCommit(recorder.record, recorder.alone)
    tasks = [asyncio.create_task(group_commit.finish(finished("first")))]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(group_commit.finish(finished(f"n{place}"))) for place in range(MOST_TOGETHER + 50)]
    await asyncio.sleep(0)
    recorder.go.set()
    await asyncio.gather(*tasks)
    assert [len(batch) for batch in recorder.batches] == [1, MOST_TOGETHER, 50]


async def test_a_bad_outcome_is_refused_alone() -> None:
    recorder = Recorder()
    group_commit = GroupCommit(recorder.record, recorder.alone)
    tasks = [asyncio.create_task(group_commit.finish(finished(node))) for node in ("good", "bad", "better")]
    await asyncio.sleep(0)
    recorder.go.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), ValueError, type(None)]
    assert recorder.alone_too == ["good", "bad", "better"]
    with pytest.raises(ValueError, match="bad"):
        await group_commit.finish(finished("bad"))
    await group_commit.finish(finished("good"))


async def test_while_the_database_is_away_nobody_is_tried_alone() -> None:
    recorder = Recorder()
    group_commit = GroupCommit(recorder.record, recorder.alone)
    tasks = [asyncio.create_task(group_commit.finish(finished(node))) for node in ("early", "later")]
    await asyncio.sleep(0)
    recorder.go.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [TryAgain, TryAgain]
    assert recorder.alone_too == []
