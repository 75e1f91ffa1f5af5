"""What the command line prints of an execution: tables for people, one JSON object for programs."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from queryflow_cli.terminal.console import show

Document = Mapping[str, Any]

ROWS_SHOWN = 20
ITEMS_SHOWN = 20
ITEMS_IN_FULL = 1000
CELL_WIDTH = 60
NARROW = 72
"""Terminals of fewer columns have no room for everything."""
WIDEST = 10_000
LEAST_COLUMN = 12
"""A column of a table that has no more room than this is not read but spelt."""
LARGEST_SHORT = 1e6
"""Below this, six digits of a fraction are enough to read; above, they would hide whole units."""
NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(.*\)|DOUBLE|FLOAT")
"""DuckDB's types of numbers."""

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
        "result": None if result is None else result_document(result),
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
    show(console, node_table(execution, narrow=console.width < NARROW))
    for node in execution["nodes"]:
        if node.get("error"):
            words = Text.assemble((f"{node['node_id']} ", "bold"), why(node))
            console.print(words, soft_wrap=not console.is_terminal)
    if any(node.get("error") for node in execution["nodes"]):
        console.print()
    seconds = seconds_of(execution)
    line = Text.assemble(f"{execution['composition_id']} ", state_text(execution["state"]))
    line.append("" if seconds is None else f" in {seconds:.1f} s")
    show(console, line, Text(f"execution {execution['execution_id']}\n", style="dim"))


def node_table(execution: Document, running: Mapping[str, float] | None = None, *, narrow: bool = False) -> Table:
    """Each node with its state, rows and seconds; `running` has the seconds of those that have not ended.

    Why it failed is a word here: the sentence stands below, where it has room. A narrow table leaves out the templates.
    """
    named = ("node",) if narrow else ("node", "template")
    table = new_table(f"{execution['composition_id']}{_days(execution.get('window'))}", *named)
    table.add_column("state", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    explained = any(_word(node) for node in execution["nodes"])
    if explained:
        table.add_column("why", overflow="fold")
    for node in execution["nodes"]:
        rows = "" if node["rows"] is None else f"{node['rows']:,}"
        seconds = _seconds(node, running or {})
        cells: list[Text | str] = [
            *(Text(node[f"{name}_id"]) for name in named),
            state_text(node["state"]),
            rows,
            seconds,
        ]
        table.add_row(*cells, *([Text(_word(node))] if explained else []))
    return table


def _seconds(node: Document, running: Mapping[str, float]) -> str:
    if node["seconds"] is not None:
        return f"{node['seconds']:.2f}"
    return f"{running[node['node_id']]:.0f} …" if node["node_id"] in running else ""


def state_text(state: str) -> Text:
    """A state as mark, word and colour: readable without colour, too."""
    mark, style = MARKS.get(state, ("?", ""))
    return Text(f"{mark} {state}", style=style)


def print_result(console: Console, result: Document) -> None:
    """The first rows of a node's result."""
    columns = result["columns"]
    table = new_table(f"{result['node_id']}: {_count(result)}")
    for column in columns:
        numeric = NUMBERS.fullmatch(str(column["type"])) is not None
        table.add_column(Text(column["name"]), justify="right" if numeric else "left", overflow="fold")
    for row in result["rows"][:ROWS_SHOWN]:
        table.add_row(*(_cell(value) for value in row))
    if _fits(console, table):
        show(console, table)
    else:
        show(console, *_records(result))


def _fits(console: Console, table: Table) -> bool:
    """Whether the columns have room enough to be read beside each other."""
    wanted = console.measure(table, options=console.options.update(width=WIDEST)).maximum
    return wanted <= console.width or console.width // max(len(table.columns), 1) >= LEAST_COLUMN


def _records(result: Document) -> Iterator[Text]:
    """Each row as a list of its values, for where columns do not fit beside each other."""
    names = [str(column["name"]) for column in result["columns"]]
    width = max(map(len, names), default=0)
    yield Text(f"{result['node_id']}: {_count(result)}", style="italic")
    for number, row in enumerate(result["rows"][:ROWS_SHOWN], 1):
        yield Text(f"\nrow {number}", style="bold")
        for name, value in zip(names, row, strict=True):
            yield Text.assemble(f"  {name:<{width}}  ", _cell(value))


def print_query(console: Console, node: Document) -> None:
    """The SQL that a node sent, if it came to that."""
    if node.get("sql"):
        console.print(Text(f"\n{node['node_id']}", style="bold"))
        console.print(Syntax(node["sql"], "sql", word_wrap=True, background_color="default"))


def _node(node: Document) -> dict[str, Any]:
    names = ("node_id", "template_id", "state", "reason", "rows", "seconds")
    return {name: node[name] for name in names} | {"parameters": _shortened(node.get("parameters") or {})}


def result_document(result: Document) -> dict[str, Any]:
    """A node's rows as JSON."""
    columns = [{"name": column["name"], "type": column["type"]} for column in result["columns"]]
    return {"node_id": result["node_id"], "columns": columns, "rows": result["rows"]}


def _shortened(parameters: Document) -> dict[str, Any]:
    return {name: _short_list(value) for name, value in parameters.items()}


def _short_list(value: Any) -> Any:
    if isinstance(value, list) and len(value) > ITEMS_IN_FULL:
        return {"count": len(value), "first": value[:ITEMS_SHOWN]}
    return value


def why(node: Document) -> str:
    """Why a node ended as it did; nothing where that is not worth a word."""
    error = node.get("error")
    if error:
        return f"{error['kind']}: {error['message']}"
    return str(node.get("reason") or "").replace("_", " ")


def _word(node: Document) -> str:
    error = node.get("error")
    return str(error["kind"] if error else node.get("reason") or "").replace("_", " ")


def _count(result: Document) -> str:
    total = result.get("total", len(result["rows"]))
    shown = min(len(result["rows"]), ROWS_SHOWN)
    return counted(total, "row") if shown == total else f"{shown} of {total:,} rows"


def counted(number: int, noun: str) -> str:
    """The number with its noun: 1 row, 2,000 rows."""
    return (
        f"{number:,} {noun}"
        if number == 1
        else f"{number:,} {noun.removesuffix('y')}{'ies' if noun.endswith('y') else 's'}"
    )


def new_table(title: str, *columns: str) -> Table:
    """An empty table in the style of all of them, with columns of text."""
    words = Text(title, no_wrap=True, overflow="ignore")  # a narrow table does not break its title
    table = Table(title=words, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _cell(value: Any) -> Text:
    if value is None:
        return Text("–", style="dim")
    written = _written(value)
    return Text(written if len(written) <= CELL_WIDTH else written[: CELL_WIDTH - 1] + "…")


def _written(value: Any) -> str:
    """A value as people read it: lists as a, b, c; of a structure its values."""
    if isinstance(value, dict):
        return " ".join(_written(each) for each in value.values())
    if isinstance(value, list):
        return ", ".join(_written(each) for each in value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) and abs(value) < LARGEST_SHORT else str(value)


def _days(window: Document | None) -> str:
    """The first and the last day of the window; its end is the moment after."""
    if not window:
        return ""
    zone = ZoneInfo(window["time_zone"])
    first = datetime.fromisoformat(window["start"]).astimezone(zone)
    last = datetime.fromisoformat(window["end"]).astimezone(zone) - timedelta(microseconds=1)
    return f"  {first.date()} to {last.date()}"
