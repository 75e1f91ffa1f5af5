import io
import json
from typing import Any

import pytest
from rich.console import Console

from queryflow_cli.terminal.report import CELL_WIDTH, execution_json, print_execution, print_result

NODE: dict[str, Any] = {
    "node_id": "top", "template_id": "campaign_outcomes", "state": "succeeded", "reason": None, "phase": None,
    "attempt": 1, "rows": 16_000, "seconds": 0.304, "parameters": {"min_purchases": 1}, "reused_from": None,
    "error": None, "is_sink": False,
}  # fmt: skip
FAILED: dict[str, Any] = NODE | {
    "node_id": "paths", "state": "failed", "rows": None, "seconds": None, "parameters": None,
    "error": {"kind": "REJECTED", "message": "no [such] table"}, "is_sink": True,
}  # fmt: skip
EXECUTION: dict[str, Any] = {
    "execution_id": "01a202e7-8ed3-7549-ae92-7281b7e0d657",
    "composition_id": "comp_top",
    "version": "0" * 64,
    "state": "failed",
    "window": {"start": "2026-09-16T22:00:00Z", "end": "2026-10-16T22:00:00Z", "time_zone": "Europe/Berlin"},
    "requested_at": "2026-11-22T10:00:00Z",
    "finished_at": "2026-11-22T10:00:02.440Z",
    "nodes": [NODE, FAILED],
}
RESULT: dict[str, Any] = {
    "node_id": "paths",
    "columns": [
        {"name": "path", "type": 'STRUCT("order" BIGINT, campaign VARCHAR)[]', "non_finite": False},
        {"name": "reach", "type": "BIGINT", "non_finite": False},
        {"name": "rate", "type": "DOUBLE", "non_finite": True},
    ],
    "rows": [
        [[{"order": 1, "campaign": "A"}, {"order": 2, "campaign": "[b]"}], 613, 1 / 3],
        [None, 9007199254740991, None],
    ],
    "total": 2,
}

EXECUTION_TEXT = """\
comp_top  2026-09-17 to 2026-10-16

 node    template            state           rows   seconds   why
 ─────────────────────────────────────────────────────────────────────
 top     campaign_outcomes   ✔ succeeded   16,000      0.30
 paths   campaign_outcomes   ✘ failed                         REJECTED

paths REJECTED: no [such] table

comp_top ✘ failed in 2.4 s
execution 01a202e7-8ed3-7549-ae92-7281b7e0d657

"""
RESULT_TEXT = """\
paths: 2 rows

 path                    reach       rate
 ────────────────────────────────────────
 1 A, 2 [b]                613   0.333333
 –            9007199254740991          –

"""


def printed(console: Console) -> str:
    return "".join(f"{line.rstrip()}\n" for line in console.export_text().splitlines())


def recording() -> Console:
    return Console(record=True, width=80, file=io.StringIO())


def test_an_execution_is_a_table_and_two_lines() -> None:
    console = recording()
    print_execution(console, EXECUTION)
    assert printed(console) == EXECUTION_TEXT


def test_the_column_of_reasons_is_there_when_there_is_one() -> None:
    console = recording()
    print_execution(console, EXECUTION | {"nodes": [NODE]})
    assert "why" not in printed(console)


@pytest.mark.parametrize("width", [40, 60])
def test_a_narrow_terminal_has_whole_words(width: int) -> None:
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    print_execution(console, EXECUTION)
    said = console.export_text()
    assert all(word in said for word in ("✔ succeeded", "16,000", "seconds", "REJECTED", "paths"))
    assert "campaign_outcomes" not in said
    assert max(map(len, said.splitlines()[:6])) <= width


def test_the_title_of_a_narrow_table_is_one_line() -> None:
    console = recording()
    print_result(
        console, RESULT | {"node_id": "a_long_name_of_a_node", "columns": [{"name": "c", "type": "DATE"}], "rows": []}
    )
    assert "a_long_name_of_a_node: 0 of 2 rows\n" in printed(console)


def test_more_columns_than_fit_become_a_list_per_row() -> None:
    columns = [{"name": f"column_{number}", "type": "VARCHAR"} for number in range(12)]
    console = Console(record=True, width=60, file=io.StringIO(), force_terminal=True)
    print_result(console, {"node_id": "wide", "columns": columns, "rows": [["some words"] * 12], "total": 1})
    said = console.export_text()
    assert "wide: 1 row\n" in said
    assert "row 1" in said
    assert "  column_11  some words" in said


def test_rows_are_written_for_reading() -> None:
    console = recording()
    print_result(console, RESULT)
    assert printed(console) == RESULT_TEXT


@pytest.mark.parametrize("more", [0, 1])
def test_a_long_cell_is_cut_and_says_so(more: int) -> None:
    console = recording()
    print_result(
        console, RESULT | {"columns": [{"name": "c", "type": "VARCHAR"}], "rows": [["x" * (CELL_WIDTH + more)]]}
    )
    assert ("x" * (CELL_WIDTH - more) + "…" * more + "\n") in "\n".join(
        map(str.strip, printed(console).splitlines())
    ) + "\n"


def test_twenty_rows_of_many_are_shown() -> None:
    console = recording()
    print_result(console, RESULT | {"rows": RESULT["rows"] * 10, "total": 1_234_567})
    assert "paths: 20 of 1,234,567 rows" in printed(console)


def test_the_json_of_an_execution_has_these_fields_and_no_others() -> None:
    assert json.loads(execution_json(EXECUTION, RESULT)) == {
        "execution_id": "01a202e7-8ed3-7549-ae92-7281b7e0d657",
        "composition_id": "comp_top",
        "state": "failed",
        "seconds": 2.44,
        "nodes": [
            {
                "node_id": "top", "template_id": "campaign_outcomes", "state": "succeeded", "reason": None,
                "rows": 16_000, "seconds": 0.304, "parameters": {"min_purchases": 1},
            },
            {
                "node_id": "paths", "template_id": "campaign_outcomes", "state": "failed", "reason": None,
                "rows": None, "seconds": None, "parameters": {},
            },
        ],
        "result": {
            "node_id": "paths",
            "columns": [
                {"name": "path", "type": 'STRUCT("order" BIGINT, campaign VARCHAR)[]'},
                {"name": "reach", "type": "BIGINT"},
                {"name": "rate", "type": "DOUBLE"},
            ],
            "rows": RESULT["rows"],
        },
    }  # fmt: skip


def test_without_a_result_the_json_says_null() -> None:
    assert json.loads(execution_json(EXECUTION, None))["result"] is None


def test_a_list_of_more_than_a_thousand_items_is_shortened() -> None:
    whole, long = list(range(1000)), list(range(1001))
    nodes = [NODE | {"parameters": {"whole": whole, "long": long}}]
    (node,) = json.loads(execution_json(EXECUTION | {"nodes": nodes}, None))["nodes"]
    assert node["parameters"] == {"whole": whole, "long": {"count": 1001, "first": list(range(20))}}
