"""What is wrong with a file is said with its line and column, and with what may stand there."""

from collections.abc import Mapping

import pytest
from ruamel.yaml.nodes import Node

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow import places
from queryflow.domain.flow.fields import fields_at
from queryflow.domain.flow.flow import Flow
from queryflow.domain.flow.flow_file import read_flow
from queryflow.domain.flow.places import located
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.template_file import read_template

FLOW = """\
queryflow: 1
kind: composition
composition_id: comp_a
name: A
parameters:
  least: {type: integer, lable: Least}
nodes:
  best:
    template: best
    required: true
    retry: {atempts: 2}
  who: {template: who}
connections:
  - {id: first, from: best, to: who}
  - id: second
    from: best
    to: who
    map:
      customers: {column: id, on_emty: skip}
templates:
  best:
    name: Best
    dialect: duckdb
    sql: |
      SELECT 1 AS id
    parameters:
      least: {type: integer, requird: true}
"""
TEMPLATE = """\
kind: template
template_id: best
name: Best
dialect: duckdb
sql: SELECT {{least}} AS x
parameters:
  least: {type: integer, required: true, defualt: 1}
charst: []
"""


def problems(text: str, read: object = read_flow) -> dict[str, Problem]:
    with pytest.raises(Invalid) as invalid:
        read(text)  # type: ignore[operator]  # one of two readers
    return {problem.path: problem for problem in invalid.value.problems}


@pytest.mark.parametrize(
    ("path", "line", "column", "hint"),
    [
        ("parameters.least.lable", 6, 26, "did you mean label?"),
        ("nodes.best.required", 10, 5, "what may stand here: template, parameters, join, when, retry,"),
        ("nodes.best.retry.atempts", 11, 13, "did you mean attempts?"),
        ("connections.second.map.customers.on_emty", 19, 31, "did you mean on_empty?"),
        ("templates.best.parameters.least.requird", 27, 30, "did you mean required?"),
    ],
)
def test_a_wrong_key_has_its_place_and_a_hint_that_may_stand_there(
    path: str, line: int, column: int, hint: str
) -> None:
    found = problems(FLOW)[path]
    assert (found.code, found.line, found.column) == ("UNKNOWN_FIELD", line, column)
    assert hint in found.message


def test_a_template_file_is_told_the_same_way() -> None:
    found = problems(TEMPLATE, read_template)
    assert {path: (each.line, each.column) for path, each in found.items()} == {
        "parameters.least.defualt": (7, 42),
        "charst": (8, 1),
    }
    assert found["charst"].message == "charst is not known here; did you mean charts?"


def test_a_template_read_as_a_flow_is_told_that_and_nothing_else() -> None:
    (found,) = problems(TEMPLATE).values()
    assert (found.code, found.path, found.line) == ("WRONG_KIND", "kind", 1)


def test_what_is_missing_is_said_where_it_should_be() -> None:
    found = problems("kind: composition\ncomposition_id: comp_a\nname: A\nnodes:\n  a: {}\n")
    assert (found["nodes.a.template"].line, found["nodes.a.template"].column) == (5, 3)


def test_what_no_yaml_is_has_its_place() -> None:
    (found,) = problems("a: 1\nb: [1,\n").values()
    assert (found.code, found.line, found.column) == ("NOT_YAML", 3, 1)


@pytest.mark.parametrize(
    ("written", "line", "column"),
    [
        ("sql: |\n  SELECT 1\n  FRM t\n", 5, 3),
        ("sql: |2\n    SELECT 1\n  FRM t\n", 5, 3),
        ("sql: SELECT 1 FRM t\n", 3, 6),
        ("sql: 'SELECT 1 FRM t'\n", 3, 6),
        ("sql: >\n  SELECT 1\n  FRM t\n", 3, 1),
    ],
)
def test_a_place_in_the_sql_is_a_place_in_the_file(written: str, line: int, column: int) -> None:
    text = f"kind: template\nname: A\n{written}"
    at = (2, 1) if "\n  FRM" in written else (1, 1 if "'" not in written else 0)
    inner = Problem("SQL_SYNTAX", "sql", f"No. (line {at[0]}, column {at[1]})", line=at[0], column=at[1])
    (found,) = located(text, [inner])
    assert (found.line, found.column) == (line, column)
    assert ("(line" in found.message) is (">" in written), "where the lines are moved the sentence keeps the SQL's"


def test_a_place_in_the_sql_of_a_template_kept_elsewhere_is_that_of_the_node() -> None:
    inner = Problem("SQL_SYNTAX", "nodes.who.template", "No (line 4, column 2)", line=4, column=2)
    (found,) = located(FLOW, [inner])
    assert (found.line, found.column, found.message) == (12, 9, "No (line 4, column 2)")


def test_every_field_of_the_models_is_known_where_it_stands() -> None:
    assert "queryflow" in fields_at(Flow, ("x",))
    assert "template_id" in fields_at(Template, ("x",))
    assert "template_id" not in fields_at(Flow, ("templates", "a", "x"))
    assert "node_id" not in fields_at(Flow, ("nodes", 0, "x"))
    assert fields_at(Flow, ("layout", "viewport", "z")) == ["x", "y", "zoom"]
    assert fields_at(Flow, ("connections", 0, "x")) == ["id", "from", "to", "required", "map"]
    assert fields_at(Flow, ("templates", "a", "parameters", 0, "rules", "min"))[:2] == ["minimum", "maximum"]


def test_a_long_list_is_looked_through_once_however_many_of_its_members_are_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = []
    inside_of = places._inside_of

    def counted(value: Node) -> Mapping[str, places.Place]:
        looked.append(value)
        return inside_of(value)

    monkeypatch.setattr(places, "_inside_of", counted)
    wrong = FLOW.partition("connections:")[0] + "connections:\n" + "  - 5\n" * 300
    found = problems(wrong)
    assert [found[f"connections.{number}"].line for number in (0, 299)] == [14, 313]
    assert len(looked) == len({id(value) for value in looked})
