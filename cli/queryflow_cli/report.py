"""What the command line prints of an execution: tables for people, one JSON object for programs."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from queryflow.domain.errors import Problem

Document = Mapping[str, Any]

ROWS_SHOWN = 20
ITEMS_SHOWN = 20
ITEMS_IN_FULL = 1000
CELL_WIDTH = 60
NUMBERS = ("INT", "DECIMAL", "DOUBLE", "FLOAT", "REAL", "NUMERIC", "LONG")

MARKS = {
    "pending": ("·", "dim"),
    "ready": ("○", "cyan"),
    "waiting": ("◔", "yellow"),
    "running": ("▶", "bold cyan"),
    "succeeded": ("✔", "green"),
    "reused": ("↺", "green"),
    "failed": ("✘", "bold red"),
    "timed_out": ("⧖", "bold red"),
    "cancelled": ("■", "magenta"),
    "skipped": ("↷", "yellow"),
    "requested": ("○", "cyan"),
    "partially_succeeded": ("◐", "yellow"),
}


def execution_json(execution: Document, result: Document | None) -> str:
    """The execution and its final rows as one JSON object."""
    nodes = [_node(node) for node in execution["nodes"]]
    document = {
        "execution_id": execution["execution_id"],
        "composition_id": execution["composition_id"],
        "state": execution["state"],
        "seconds": seconds_of(execution),
        "nodes": nodes,
        "result": result,
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def seconds_of(execution: Document) -> float | None:
    """From the request to the end; None while it runs."""
    if execution["finished_at"] is None:
        return None
    finished = datetime.fromisoformat(execution["finished_at"])
    return round((finished - datetime.fromisoformat(execution["requested_at"])).total_seconds(), 3)


def print_execution(console: Console, execution: Document) -> None:
    """A line about the execution and a table of its nodes."""
    console.print(node_table(execution))
    seconds = seconds_of(execution)
    line = Text.assemble(f"{execution['composition_id']} ", state_text(execution["state"]))
    line.append("" if seconds is None else f" in {seconds:.1f} s")
    line.append(f"   execution {execution['execution_id']}", style="dim")
    console.print(line)


def node_table(execution: Document) -> Table:
    """Each node with its state, rows and seconds."""
    window = execution.get("window") or {}
    title = f"{execution['composition_id']}  {_day(window.get('start'))} … {_day(window.get('end'))} (end exclusive)"
    table = Table(title=title if window else execution["composition_id"], title_justify="left")
    for name in ("node", "template", "state"):
        table.add_column(name)
    table.add_column("rows", justify="right")
    table.add_column("seconds", justify="right")
    table.add_column("why", overflow="fold")
    for node in execution["nodes"]:
        rows = "" if node["rows"] is None else f"{node['rows']:,}"
        seconds = "" if node["seconds"] is None else f"{node['seconds']:.2f}"
        table.add_row(node["node_id"], node["template_id"], state_text(node["state"]), rows, seconds, _why(node))
    return table


def state_text(state: str) -> Text:
    """A state as mark, word and colour: readable without colour, too."""
    mark, style = MARKS.get(state, ("?", ""))
    return Text(f"{mark} {state}", style=style)


def print_result(console: Console, result: Document) -> None:
    """The first rows of a node's result."""
    columns = result["columns"]
    table = Table(title=f"{result['node_id']}: {_count(result)}", title_justify="left")
    for column in columns:
        numeric = any(word in str(column["type"]).upper() for word in NUMBERS)
        table.add_column(column["name"], justify="right" if numeric else "left", overflow="fold")
    for row in result["rows"][:ROWS_SHOWN]:
        table.add_row(*(_cell(value) for value in row))
    console.print(table)


def print_query(console: Console, node: Document) -> None:
    """The SQL that a node sent, if it came to that."""
    if node.get("sql"):
        console.print(Text(f"\n{node['node_id']}", style="bold"))
        console.print(Syntax(node["sql"], "sql", word_wrap=True, background_color="default"))


def print_problems(console: Console, problems: Sequence[Problem]) -> None:
    """Each problem: where, what, how to mend it."""
    for problem in problems:
        style = "red" if problem.severity == "error" else "yellow"
        console.print(Text.assemble((f"{problem.severity} {problem.code}", style), f" at {problem.path or 'the flow'}"))
        console.print(Text(f"  {problem.message}"))


def _node(node: Document) -> dict[str, Any]:
    names = ("node_id", "template_id", "state", "reason", "rows", "seconds")
    return {name: node[name] for name in names} | {"parameters": _shortened(node.get("parameters") or {})}


def _shortened(parameters: Document) -> dict[str, Any]:
    return {name: _short_list(value) for name, value in parameters.items()}


def _short_list(value: Any) -> Any:
    if isinstance(value, list) and len(value) > ITEMS_IN_FULL:
        return {"count": len(value), "first": value[:ITEMS_SHOWN]}
    return value


def _why(node: Document) -> str:
    error = node.get("error")
    if error:
        return f"{error['kind']}: {error['message']}"
    return str(node.get("reason") or "").replace("_", " ")


def _count(result: Document) -> str:
    total = result.get("total", len(result["rows"]))
    shown = min(len(result["rows"]), ROWS_SHOWN)
    return f"{total:,} rows" if shown == total else f"{shown} of {total:,} rows"


def _cell(value: Any) -> Text:
    if value is None:
        return Text("–", style="dim")
    written = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return Text(written if len(written) <= CELL_WIDTH else written[: CELL_WIDTH - 1] + "…")


def _day(instant: str | None) -> str:
    return "" if instant is None else instant[:10]
