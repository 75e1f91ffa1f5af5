"""The commands as a person types them: processes of their own, on the embedded PostgreSQL."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from queryflow_cli.samples import flights
from tests.support.terminal import Terminal

FLIGHTS = Path("cli/queryflow_cli/system/library/flows/comp_delays_aircraft_weather.yaml").absolute()
BROKEN = """
queryflow: 1
kind: composition
composition_id: comp_broken
name: Broken
connection: sample
nodes:
  first: {template: says_no}
  second: {template: says_no}
connections:
  - {id: order, from: first, to: second}
templates:
  says_no:
    name: Says no
    dialect: duckdb
    sql: SELECT error('the query itself says no') AS never
    outputs: {never: {type: VARCHAR}}
"""


ENDLESS = """
queryflow: 1
kind: composition
composition_id: comp_endless
name: Endless
connection: sample
nodes: {long: {template: endless}}
templates:
  endless:
    name: Endless
    dialect: duckdb
    sql: SELECT count(*) AS n FROM range(100000000) a, range(100000000) b WHERE a.range * b.range % 7 = 3
    outputs: {n: {type: BIGINT}}
"""


def indented(template: str) -> str:
    """The body of a template file as it stands inside a flow."""
    body = template.split("template_id: three_rows\n")[1]
    return "".join(f"    {line}\n" for line in body.splitlines())


def test_a_demo_in_a_throw_away_home_leaves_one_object_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    out, _ = Terminal(tmp_path / "unused").type("demo", "--json", "--ephemeral")
    execution = json.loads(out)
    assert list(execution) == ["execution_id", "composition_id", "state", "seconds", "nodes", "result"]
    assert (execution["composition_id"], execution["state"]) == ("comp_top_overlap_paths", "succeeded")
    keys = ["node_id", "template_id", "state", "reason", "rows", "seconds", "parameters"]
    assert [list(node) for node in execution["nodes"]] == [keys] * 3
    assert all(node["state"] == "succeeded" and node["rows"] > 0 for node in execution["nodes"])
    top, overlap, paths = execution["nodes"]
    assert top["parameters"] == {"min_purchases": 1}
    assert len(overlap["parameters"]["dsp_campaign_ids"]) >= 5
    assert len(paths["parameters"]["campaign_ids"]) == 6
    result = execution["result"]
    assert list(result) == ["node_id", "columns", "rows"]
    assert result["node_id"] == "paths"
    assert {"name": "sales", "type": "DECIMAL(38,4)"} in result["columns"]
    assert len(result["rows"]) == paths["rows"]
    assert list(tmp_path.iterdir()) == []


def test_a_second_up_is_refused_with_a_sentence(terminal: Terminal) -> None:
    out, err = terminal.type("up", code=2)
    assert out == ""
    assert err.startswith("QueryFlow already runs in ")
    assert len(err.splitlines()) == 1


def test_a_run_is_shown_and_can_be_watched_again(terminal: Terminal) -> None:
    out, _ = terminal.type("run", "comp_campaigns_products_basket_loyalty", "--param", "min_shared_buyers=120", "--sql")
    assert "✔ succeeded" in out
    assert "CUSTOM_PARAMETER" not in out
    assert "SELECT" in out
    execution_id = next(line for line in out.splitlines() if line.startswith("execution ")).split()[1]
    watched: dict[str, Any] = json.loads(terminal.type("watch", execution_id, "--json")[0])
    assert watched["execution_id"] == execution_id
    assert [node["state"] for node in watched["nodes"]] == ["succeeded"] * 4


def test_the_flights_run_on_a_folder_of_their_own(terminal: Terminal, tmp_path: Path) -> None:
    flights.extract(tmp_path / "flights")
    out, _ = terminal.type("demo", "--flow", str(FLIGHTS), "--data", str(tmp_path / "flights"), "--json")
    execution = json.loads(out)
    assert [node["node_id"] for node in execution["nodes"]] == ["routes", "aircraft", "weather"]
    assert all(node["rows"] > 0 for node in execution["nodes"])
    assert execution["result"]["node_id"] == "weather"


def test_a_flow_that_fails_says_why_and_exits_with_1(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    out, _ = terminal.type("run", str(file), code=1)
    assert "the query itself says no" in out
    assert "↷ skipped" in out
    assert "upstream failed" in out
    failed = json.loads(terminal.type("run", str(file), "--json", code=1)[0])
    assert (failed["state"], failed["result"]) == ("failed", None)


def test_what_is_exported_can_be_imported_and_is_the_same(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    terminal.type("export", "comp_top_overlap_paths", "--out", str(file))
    assert terminal.type("validate", str(file))[0] == f"{file}: no problems.\n"
    assert terminal.type("import", str(file))[0].startswith("Saved comp_top_overlap_paths.\nNext:\n")
    assert terminal.type("export", "comp_top_overlap_paths")[0] == file.read_text()


CSV = 'who,much\r\nAda,3\r\n,4\r\n"",5\r\n'
ROWS = """
queryflow: 1
kind: composition
composition_id: comp_rows
name: Rows
connection: sample
parameters: {least: {type: integer, default: 1}}
nodes:
  rows: {template: three_rows, parameters: {least: {flow: least}}}
"""
THREE_ROWS = """
kind: template
template_id: three_rows
name: Three rows
dialect: duckdb
sql: |
  SELECT who, much FROM (VALUES ('Ada', 3), (NULL, 4), ('', 5)) t(who, much)
  WHERE much >= {{least}} ORDER BY much
parameters: {least: {type: integer}, nothing: {type: string, required: false}}
outputs: {who: {type: VARCHAR}, much: {type: INTEGER}}
"""


def test_a_template_and_a_flow_of_ones_own(terminal: Terminal, tmp_path: Path) -> None:
    flow, template = tmp_path / "rows.yaml", tmp_path / "three_rows.yaml"
    flow.write_text(ROWS)
    template.write_text(THREE_ROWS)
    assert (
        "UNKNOWN_TEMPLATE at nodes.rows.template (line 9, column 10)" in terminal.type("validate", str(flow), code=1)[0]
    )
    said, warned = terminal.type("templates", "import", str(template))
    assert said == "Saved three_rows, version 1.\n"
    assert "warning UNUSED_PARAMETER at parameters.nothing (line 9, column 38)" in warned
    assert "three_rows" in terminal.type("templates", "list")[0]
    assert "WHERE much >= {{least}}" in terminal.type("templates", "show", "three_rows")[0]
    assert terminal.type("validate", str(flow))[0] == f"{flow}: no problems.\n"
    out, _ = terminal.type("run", str(flow))
    assert "Next:\n" in out
    execution_id = next(line for line in out.splitlines() if line.startswith("execution ")).split()[1]
    assert terminal.type("results", execution_id, "rows", "--csv")[0].replace("\n", "\r\n") == CSV
    assert json.loads(terminal.type("results", execution_id, "--json")[0])["rows"] == [["Ada", 3], [None, 4], ["", 5]]
    kept = tmp_path / "rows.csv"
    terminal.type("results", execution_id, "--out", str(kept))
    assert kept.read_bytes().decode() == CSV
    assert "its nodes are rows" in terminal.type("results", execution_id, "row", code=2)[1]
    assert "succeeded" in terminal.type("cancel", execution_id, code=2)[1]


def test_a_published_flow_says_which_version_runs_and_can_be_scheduled(terminal: Terminal, tmp_path: Path) -> None:
    flow = tmp_path / "published.yaml"
    flow.write_text(
        (ROWS + "templates:\n  three_rows:\n" + indented(THREE_ROWS)).replace("comp_rows", "comp_published")
    )
    terminal.type("import", str(flow))
    assert (
        "has no published version"
        in terminal.type("schedules", "add", "comp_published", "--cron", "0 9 * * 1", code=2)[1]
    )
    terminal.type("publish", "comp_published")
    flow.write_text(flow.read_text().replace("default: 1", "default: 4"))
    assert "stays what `run comp_published`" in terminal.type("import", str(flow))[0]
    out, err = terminal.type("run", "comp_published")
    assert "rows: 3 rows" in out
    assert "comp_published runs its published version" in err
    assert "rows: 2 rows" in terminal.type("run", "comp_published", "--version", "head")[0]
    terminal.type(
        "schedules", "add", "comp_published", "--cron", "0 9 * * 1", "--zone", "Europe/Berlin", "--param", "least=5"
    )
    listed = json.loads(terminal.type("schedules", "list", "--json")[0])["schedules"]
    [schedule] = [each for each in listed if each["composition_id"] == "comp_published"]
    assert (schedule["time_zone"], schedule["parameters"]) == ("Europe/Berlin", {"least": 5})
    terminal.type("schedules", "pause", schedule["id"])
    shown = next(line for line in terminal.type("schedules", "list")[0].splitlines() if schedule["id"] in line)
    assert shown.endswith("off")
    terminal.type("schedules", "resume", schedule["id"])
    terminal.type("schedules", "remove", schedule["id"])
    assert schedule["id"] not in terminal.type("schedules", "list")[0]


def test_a_run_that_is_interrupted_is_left_running_where_nobody_can_be_asked(
    terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "endless.yaml"
    file.write_text(ENDLESS)
    run = terminal.start("run", str(file), "--json")
    assert run.stderr is not None
    while "running: long" not in run.stderr.readline():
        assert run.poll() is None
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=30)
    assert run.returncode == 130
    document = json.loads(out)
    assert document["error"] == "INTERRUPTED"
    assert document["message"].startswith("Left running.")
    execution_id = document["details"]["execution_id"]
    terminal.type("cancel", execution_id)
    assert json.loads(terminal.type("watch", execution_id, "--json", code=1)[0])["state"] == "cancelled"


def test_what_is_not_there_is_a_sentence(terminal: Terminal) -> None:
    out, err = terminal.type("run", "comp_nothing", code=2)
    assert (out, err) == ("", "There is no composition comp_nothing.\n")
