"""`bench` measures both shapes and the floor, and prints one object; a graph of two nodes tells that."""

import json

import pytest

import bench.__main__
from bench.shapes import chain
from bench.workloads import Workload

FIGURES = {"median", "min", "max", "unit", "runs", "cpu_seconds_per_node", "peak_memory_mb"}
TINY = Workload(chain(2), 1, "ms/node", lambda timing: timing.whole * 1000 / 2)


def test_one_object_has_the_figures_of_both_shapes_and_the_floor(
    database: str, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QUERYFLOW_AMQP_URL", rabbitmq_url)
    quicker = {**bench.__main__.OWN_DATABASE, "QUERYFLOW_DATABASE_URL": database}
    monkeypatch.setattr(bench.__main__, "OWN_DATABASE", quicker)
    monkeypatch.setattr(bench.__main__, "WORKLOADS", {"W1": TINY})
    bench.__main__.measure(["W1"], runs=1, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"W1", "embedded", "machine", "versions"}
    deployed, embedded = found["W1"], found["embedded"]["W1"]
    assert set(deployed) == FIGURES | {"floor", "ratio"}
    assert set(embedded) == FIGURES
    for figures in (deployed, embedded):
        assert (figures["unit"], figures["runs"]) == ("ms/node", 1)
        assert 0 < figures["min"] <= figures["median"] <= figures["max"]
        assert figures["cpu_seconds_per_node"] >= 0
        assert figures["peak_memory_mb"] > 0
    assert deployed["floor"]["unit"] == "ms/node"
    assert deployed["ratio"] == pytest.approx(deployed["median"] / deployed["floor"]["median"])
    assert found["machine"]["fsync"] in {"on", "off"}
    assert found["machine"]["queue type"] == "quorum"
    assert found["machine"]["cores"] >= 1
    assert {"python", "postgresql"} < set(found["versions"])
