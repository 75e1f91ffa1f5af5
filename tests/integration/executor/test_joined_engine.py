"""An engine of another package: it joins by its entry point, and a node runs on it. Nothing else is touched."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from executor.engines.opening import open_engines
from executor.engines.port import Tools
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.validation import Surroundings
from queryflow.domain.flow.version import Version
from queryflow.engines.catalogue import ENGINES, dialects
from queryflow.engines.joining import join_engines
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sql.checks.flow_problems import flow_problems
from tests.integration.executor.oracle import is_sound
from tests.integration.executor.rig import flow_of, open_rig
from tests.support.eventually import eventually
from tests.support.packages import install

TOY = "toy"
IN_ITS_DIALECT = Template(template_id="noop", name="noop", dialect=Dialect.POSTGRESQL, sql="SELECT 1")
IN_ANOTHER = Template(template_id="noop", name="noop", dialect=Dialect.DUCKDB, sql="SELECT 1")


@pytest.fixture(autouse=True)
def _joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install(tmp_path / "packages", TOY)
    monkeypatch.syspath_prepend(tmp_path / "packages")
    before = dict(ENGINES)
    join_engines()
    yield
    ENGINES.clear()
    ENGINES.update(before)


def version(template: Template) -> Version:
    return flow_of([("a", "b")], engine=TOY).model_copy(update={"templates": {template.template_id: template}})


def codes(subject: Version) -> set[str]:
    around = Surroundings(subject.templates, subject.connections, dialects())
    return {problem.code for problem in flow_problems(subject.flow, around)}


def test_a_flow_on_it_is_judged_by_its_dialect() -> None:
    assert codes(version(IN_ITS_DIALECT)) == set()
    assert codes(version(IN_ANOTHER)) == {"WRONG_ENGINE"}


async def test_nodes_run_on_it(database: str, tmp_path: Path) -> None:
    engines = open_engines(Tools(cast(Sandbox, None)))
    async with open_rig(database, tmp_path, more=[engines[TOY]]) as rig:
        await rig.owner.execute("INSERT INTO engine_connections (name, engine) VALUES ('toy_machine', 'toy')")
        execution = await rig.request(version(IN_ITS_DIALECT))
        assert await rig.ended(execution) == "succeeded"
        row = await rig.row(execution, "b")
        assert (row["engine"], row["row_count"], row["state"]) == (TOY, 7, "succeeded")
        await eventually(lambda: is_sound(rig, execution))
