"""Graphs of real workflows: each node after its parents; with values on every edge, what a plain program computes."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from executor.engines.duckdb.engine import DuckDBEngine
from queryflow.domain.flow.flow import Flow
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.version import EngineConnection, Version
from queryflow.domain.ids import ExecutionId
from queryflow.domain.values.parameters import Parameter, ParameterType
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sandbox.settings import SandboxSettings
from tests.integration.executor.oracle import is_sound, repairs
from tests.integration.executor.rig import ECHO, Rig, flow_of, open_rig
from tests.support.eventually import eventually
from tests.support.workflows import GRAPHS, Graph, edges, name

ALL = "QUERYFLOW_TEST_ALL_GRAPHS"
"""Set it to have values on the edges of every graph, up to two thousand nodes: it takes some minutes."""
WITH_VALUES = tuple(GRAPHS) if os.environ.get(ALL) else ("montage_58", "epigenomics_41", "genome_58", "blast_43")
MODULUS = 1_000_003
TOO_EARLY = """
SELECT child.composition_node_id FROM unnest($2::text[], $3::text[]) AS edge(parent, child)
JOIN workflow_executions AS parent
  ON parent.composition_execution_id = $1 AND parent.composition_node_id = edge.parent
JOIN workflow_executions AS child ON child.composition_execution_id = $1 AND child.composition_node_id = edge.child
WHERE child.first_started_at < parent.finished_at OR parent.finished_at IS NULL
"""
RESULTS = "SELECT composition_node_id, result_s3_path FROM workflow_executions WHERE composition_execution_id = $1"


@pytest.mark.parametrize("shape", GRAPHS)
async def test_every_node_runs_once_after_its_parents(rig: Rig, shape: str) -> None:
    before = repairs()
    graph = GRAPHS[shape]
    extras: dict[str, Any] = {name(node): {} for node in range(len(graph))}
    execution = await rig.request(flow_of(edges(graph), ECHO, **extras))
    assert await rig.ended(execution, within=60) == "succeeded"
    assert set((await rig.nodes(execution)).values()) == {"succeeded"}
    await eventually(lambda: is_sound(rig, execution))
    await in_order(rig, execution, graph)
    assert repairs() == before


@pytest.fixture
async def values_rig(database: str, tmp_path: Path) -> AsyncIterator[Rig]:
    """An executor with DuckDB: fewer places than nodes, and still fewer at its engine connection."""
    sandbox = Sandbox(SandboxSettings(tmp_path / "sandbox", width=3))
    await sandbox.start()
    more = [DuckDBEngine(sandbox)]
    async with open_rig(database, tmp_path, sandbox=sandbox, more=more, run_at_once=3) as opened:
        await opened.owner.execute(
            "INSERT INTO engine_connections (name, engine, slots) VALUES ('memory', 'duckdb', 2)"
        )
        yield opened
    await sandbox.stop()


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("shape", WITH_VALUES)
async def test_values_on_every_edge_are_what_a_plain_program_computes(values_rig: Rig, shape: str) -> None:
    before = repairs()
    graph = GRAPHS[shape]
    execution = await values_rig.request(adding(graph))
    assert await values_rig.ended(execution, within=60 + len(graph)) == "succeeded"
    assert await results(values_rig, execution) == dict(enumerate(computed(graph)))
    await eventually(lambda: is_sound(values_rig, execution))
    await in_order(values_rig, execution, graph)
    assert repairs() == before


async def in_order(rig: Rig, execution: ExecutionId, graph: Graph) -> None:
    pairs = edges(graph)
    early = await rig.owner.fetch(TOO_EARLY, execution, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
    assert not early


def adding(graph: Graph) -> Version:
    """A flow in which each node adds its parents' values, each with its own weight, to its own number."""
    widths = sorted({len(parents) for parents in graph})
    document = {
        "composition_id": "comp_test",
        "name": "adding",
        "connection": "memory",
        "nodes": [
            {"node_id": name(node), "template": f"add_{len(parents)}", "parameters": {"own": node + 1}}
            for node, parents in enumerate(graph)
        ],
        "connections": [
            {
                "id": f"c{node}_{place}",
                "from": name(parent),
                "to": name(node),
                "map": {f"p{place}": {"column": "value"}},
            }
            for node, parents in enumerate(graph)
            for place, parent in enumerate(parents)
        ],
    }
    return Version(
        flow=Flow.model_validate(document),
        templates={f"add_{width}": template(width) for width in widths},
        connections={"memory": EngineConnection(name="memory", engine="duckdb")},
    )


def template(width: int) -> Template:
    names = ["own", *(f"p{place}" for place in range(width))]
    weighed = " + ".join(f"{{{{{each}}}}} * {weight}" for weight, each in enumerate(names, start=1))
    return Template(
        template_id=f"add_{width}",
        name="add",
        dialect=Dialect.DUCKDB,
        sql=f"SELECT ({weighed}) % {MODULUS} AS value",
        parameters=tuple(Parameter(name=each, type=ParameterType.INTEGER) for each in names),
    )


def computed(graph: Graph) -> list[int]:
    """The same without a flow."""
    values: list[int] = []
    for node, parents in enumerate(graph):
        added = (node + 1) + sum(values[parent] * weight for weight, parent in enumerate(parents, start=2))
        values.append(added % MODULUS)
    return values


async def results(rig: Rig, execution: ExecutionId) -> dict[int, int]:
    """The value that each node's stored result holds."""
    found = {}
    for row in await rig.owner.fetch(RESULTS, execution):
        file = await rig.executor.equipment.objects.fetch(row["result_s3_path"], Path("/nonexistent"))
        [(value,)] = duckdb.connect().execute("FROM read_parquet(?)", [str(file)]).fetchall()
        found[int(row["composition_node_id"].removeprefix("n"))] = value
    return found
