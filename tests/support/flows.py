"""Flows and templates for tests, on a small table `things` of a folder of one's own."""

from pathlib import Path
from typing import Any

Document = dict[str, Any]

THINGS = "name,kind,amount\n" + "".join(f"thing {n},{'even' if n % 2 == 0 else 'odd'},{n}\n" for n in range(1, 21))


def write_things(folder: Path) -> Path:
    """The folder with its table."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "things.csv").write_text(THINGS)
    return folder


def template(template_id: str, sql: str, outputs: dict[str, str], **parameters: Document) -> Document:
    """A template file as JSON."""
    return {
        "queryflow": 1,
        "kind": "template",
        "template_id": template_id,
        "name": template_id.replace("_", " "),
        "dialect": "duckdb",
        "sql": sql,
        "parameters": parameters,
        "outputs": {name: {"type": kind} for name, kind in outputs.items()},
    }


EVERYTHING_WHEN_EMPTY = (
    "SELECT name, amount FROM things WHERE list_contains({{names}}, name) OR {{names}} IS NULL OR len({{names}}) = 0"
)

TEMPLATES = (
    template(
        "things_above",
        "SELECT name, amount FROM things WHERE amount > {{least}}",
        {"name": "VARCHAR", "amount": "BIGINT"},
        least={"type": "integer", "default": 10},
    ),
    template(
        "things_named",
        "SELECT name, amount FROM things WHERE name IN ({{names}})",
        {"name": "VARCHAR", "amount": "BIGINT"},
        names={"type": "string_list", "default": ["thing 1", "thing 2"]},
    ),
    template(
        "things_named_or_all",
        EVERYTHING_WHEN_EMPTY,
        {"name": "VARCHAR", "amount": "BIGINT"},
        names={"type": "string_list"},
    ),
    template("things_counted", "SELECT count(*) AS things FROM things", {"things": "BIGINT"}),
    template(
        "things_broken",
        "SELECT error('the query itself says no') AS things FROM things",
        {"things": "VARCHAR"},
    ),
    template(
        "things_slow",
        "SELECT sum(hash(a.range + b.range)) AS things FROM range(10000000) AS a, range(1000000) AS b",
        {"things": "HUGEINT"},
    ),
)


def flow(name: str, nodes: Document, *connections: Document, **more: Any) -> Document:
    """A flow document on the engine connection `things`."""
    return {
        "queryflow": 1,
        "kind": "composition",
        "composition_id": f"comp_{name}",
        "name": name.replace("_", " "),
        "connection": "things",
        "nodes": nodes,
        "connections": list(connections),
        **more,
    }


def connection(source: str, target: str, **more: Any) -> Document:
    """A connection named after its ends; `map` and `required` as given."""
    return {"id": f"{source}_{target}", "from": source, "to": target, **more}


def names_of(source: str, target: str, **options: Any) -> Document:
    """A connection that feeds the names of the source's rows to the target's list."""
    return connection(source, target, map={"names": {"column": "name", **options}})


def diamond() -> Document:
    """One, two beside each other, one that needs both."""
    nodes = {
        "top": {"template": "things_above", "parameters": {"least": 17}},
        "left": {"template": "things_named"},
        "right": {"template": "things_named"},
        "last": {"template": "things_named"},
    }
    return flow(
        "diamond",
        nodes,
        names_of("top", "left"),
        names_of("top", "right", take=1, order_by=["amount desc"]),
        names_of("left", "last"),
        connection("right", "last"),
    )


def twenty_nodes() -> Document:
    """Three layers of six between a first and a last node: queries on DuckDB beside nodes that do nothing."""
    nodes: Document = {"first": {"template": "things_above", "parameters": {"least": 15}}}
    connections = []
    for layer in range(3):
        for place in range(6):
            node = f"l{layer}_{place}"
            queries = place % 3 == 0
            nodes[node] = {"template": "things_named" if queries else "things_counted"}
            if not queries:
                nodes[node]["connection"] = "echo"
            before = ["first"] if layer == 0 else [f"l{layer - 1}_{place}", f"l{layer - 1}_{(place + 1) % 6}"]
            connections += [connection(each, node) for each in before]
            if queries:
                connections[-len(before)] = names_of(before[0], node)
    nodes["last"] = {"template": "things_counted"}
    connections += [connection(f"l2_{place}", "last") for place in range(6)]
    return flow("twenty_nodes", nodes, *connections)
