"""What is kept in memory is bounded; what is counted between polls is corrected by them."""

import asyncio

import pytest

from executor.model.runnable import BadVersion, load_version
from executor.process.admission import Admission
from executor.process.versions import Recent


def test_the_things_used_last_are_kept_up_to_their_weight() -> None:
    recent: Recent[str, int] = Recent(10)
    recent.keep("a", 1, 4)
    recent.keep("b", 2, 4)
    assert recent.get("a") == 1
    recent.keep("c", 3, 4)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)
    recent.keep("heavy", 4, 50)
    assert (recent.get("heavy"), recent.get("a")) == (4, None)


def test_admission_counts_launches_until_it_is_measured() -> None:
    admission = Admission(limit=10)
    assert admission.has_room
    admission.launched(12)
    assert (admission.has_room, admission.room) == (False, 0)
    admission.measured(4)
    assert (admission.has_room, admission.room) == (True, 6)


def test_nobody_overtakes_those_who_wait() -> None:
    admission = Admission(limit=10)
    admission.backlog(2)
    assert not admission.has_room
    assert admission.room == 10
    admission.backlog(0)
    assert admission.has_room


async def test_room_that_was_made_ends_the_wait_only_if_somebody_waits() -> None:
    admission = Admission(limit=10)
    admission.backlog(1)
    admission.ended()
    async with asyncio.timeout(5):
        await admission.wait(60.0)
    admission.backlog(0)
    admission.ended()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await admission.wait(60.0)


@pytest.mark.parametrize("document", [{}, {"flow": {"nodes": "x"}}, {"flow": None, "templates": {}, "connections": {}}])
def test_a_document_that_is_no_version_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(BadVersion):
        load_version(document)
