"""Engines of other packages join the catalogue, or are refused with what is wrong."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from executor.engines.opening import EngineNotRunnable, open_engines
from executor.engines.port import Tools
from queryflow.bus.topology import node_queue, work_queues
from queryflow.domain.flow.template import Dialect
from queryflow.engines.catalogue import ENGINES, dialects, is_offered
from queryflow.engines.joining import BadEngine, join_engines
from tests.support.packages import install

CASES = [
    ("bad", "bad = missing_module.kind:KIND", "missing_module.kind:KIND cannot be imported"),
    ("bad", "bad = {package}.kind:NOBODY", "{package}.kind:NOBODY cannot be imported"),
    ("bad", "bad = {package}.kind:Dialect", "{package}.kind:Dialect is no EngineKind"),
    ("bad", "bad = {package}.empty:KIND", "{package}.empty:KIND cannot be imported (a capacity is at least 1)"),
    ("bad", "other = {package}.kind:KIND", "its EngineKind is named 'bad'. Name both alike"),
    ("Bad-One", "Bad-One = {package}.kind:KIND", "its EngineKind is named 'Bad-One'. Name both alike"),
    ("duckdb", "duckdb = {package}.kind:KIND", "another engine has that name"),
]


@pytest.fixture(autouse=True)
def catalogue() -> Iterator[dict[str, object]]:
    """As it was before."""
    before = dict(ENGINES)
    yield dict(before)
    ENGINES.clear()
    ENGINES.update(before)


def test_the_catalogue_has_each_engine_by_its_own_name() -> None:
    assert {name: kind.name for name, kind in ENGINES.items()} == {name: name for name in ENGINES}


def test_an_engine_joins_once_and_has_its_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "joined_once", package="joins_once")
    monkeypatch.syspath_prepend(tmp_path)
    join_engines()
    join_engines()
    assert list(ENGINES) == ["duckdb", "echo", "joined_once"]
    assert work_queues()[node_queue("joined_once")].keys == ("node.ready.joined_once",)
    assert (dialects()["joined_once"], is_offered("joined_once")) == (frozenset({Dialect.POSTGRESQL}), True)


@pytest.mark.parametrize(
    "case",
    CASES,
    ids=["no module", "no name", "no kind", "no capacity", "two names", "no name for a queue", "a name that is taken"],
)
def test_a_bad_engine_is_refused_by_name_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue: dict[str, object], case: tuple[str, str, str]
) -> None:
    name, leads_to, says = case
    package = f"bad_{CASES.index(case)}"  # a module is imported once
    install(tmp_path, name, package=package, leads_to=leads_to.format(package=package))
    (tmp_path / package / "empty.py").write_text("from queryflow.engines.kind import Capacity\nCapacity(None, 0)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadEngine) as refused:
        join_engines()
    assert f"of {package} cannot join: {says.format(package=package)}" in refused.value.message
    assert refused.value.error_code == "BAD_ENGINE"
    assert catalogue == ENGINES


def test_an_engine_with_other_facts_than_the_catalogue_is_refused_by_the_executor() -> None:
    other = replace(ENGINES["echo"], instant=False)
    with pytest.raises(EngineNotRunnable, match="opens echo, with other facts"):
        open_engines(Tools(sandbox=None), {"echo": other})  # type: ignore[arg-type] # nothing runs


def test_an_engine_that_nothing_runs_is_refused_by_the_executor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "half", package="half_an_engine")
    (tmp_path / "half_an_engine" / "engine.py").unlink()
    monkeypatch.syspath_prepend(tmp_path)
    join_engines()
    with pytest.raises(EngineNotRunnable, match="The engine half cannot be opened: half_an_engine"):
        open_engines(Tools(sandbox=None))  # type: ignore[arg-type] # nothing runs
