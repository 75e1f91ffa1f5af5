"""What people and programs read of a measurement."""

import json
from typing import Any

import pytest
from rich.console import Console

from bench.report import print_json, table_of
from bench.workloads import WORKLOADS


def figures(median: float) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: {
            "median": median,
            "min": median * 0.8,
            "max": median * 1.3,
            "unit": workload.unit,
            "runs": 3,
            "cpu_seconds_per_node": 0.04123,
            "peak_memory_mb": 1234.5,
            "floor": {"median": median * 1.1, "unit": workload.unit},
            "ratio": 12.345,
        }
        for name, workload in WORKLOADS.items()
    }
    return found | {"embedded": {name: found[name] for name in WORKLOADS}}


@pytest.mark.parametrize("median", [0.001234, 9.876, 98.76, 12345.6])
def test_a_workload_is_one_line_of_eighty_columns(median: float) -> None:
    console = Console(width=80)
    with console.capture() as said:
        console.print(table_of(figures(median)))
    lines = [line.rstrip() for line in said.get().splitlines() if line.startswith("W")]
    assert [line[:2] for line in lines] == list(WORKLOADS)
    assert all("1234" in line and line.endswith(("1234", "1235")) for line in lines), "the last column is whole"
    assert "…" in lines[0]
    assert not any(line.count("…") > 1 for line in lines), "no cell was cut"


def test_programs_read_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(figures(1.0))
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {*WORKLOADS, "embedded"}
    assert found["W1"]["floor"] == {"median": 1.1, "unit": "ms/node"}
