"""Compositions over HTTP: saved as rows, read back as they were written."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from queryflow.domain.flow.flow_file import flow_from_document, flow_to_document
from queryflow.domain.flow.yaml_reader import read_yaml
from tests.integration.composer.rig import DETAIL, TEMPLATE, Rig, flow, open_rig, with_templates

LIBRARY = Path(__file__).resolve().parents[3] / "cli" / "queryflow_cli" / "system" / "library"
STORED = {"id", "revision", "published_version", "created_at", "updated_at", "execution_count", "last_executed_at"}


@pytest.fixture
async def stocked(rig: Rig) -> Rig:
    await with_templates(rig)
    return rig


def pinned(document: dict[str, Any]) -> dict[str, Any]:
    """The document as it is read back: normal form, every node with the version of its template."""
    normal = flow_to_document(flow_from_document(document))
    nodes = {name: {**node, "template": f"{node['template']}@1"} for name, node in normal["nodes"].items()}
    return {**normal, "nodes": nodes}


def without_stored(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key not in STORED | {"problems"}}


async def test_a_flow_is_read_back_as_it_was_saved(stocked: Rig) -> None:
    document = flow(description="Ünï ☃ 'quoted'", tags=["a", "b"], layout={"positions": {"top": [1, 2.5]}, "notes": []})
    saved = await stocked.saved("/api/compositions", document)
    read = await stocked.client.get("/api/compositions/comp_things")
    assert without_stored(saved) == without_stored(read.json()) == pinned(document)
    assert saved["problems"] == []
    assert read.json().keys() >= STORED
    by_row = await stocked.client.get(f"/api/compositions/{saved['id']}")
    assert by_row.json() == read.json()
    assert by_row.headers["etag"] == '"1"'


@pytest.mark.parametrize("name", ["comp_top_overlap_paths", "comp_campaigns_products_basket_loyalty"])
async def test_the_shipped_flows_survive_saving_and_export(rig: Rig, name: str) -> None:
    texts = {path.stem: path.read_text() for path in LIBRARY.rglob("*.yaml")}
    document = read_yaml(texts[name])
    for node in document["nodes"].values():
        await rig.client.post("/api/templates", json=read_yaml(texts[node["template"]]))
    saved = await rig.saved("/api/compositions", document)
    assert saved["problems"] == []
    assert without_stored(saved) == pinned(document)
    exported = await rig.client.get(f"/api/compositions/{name}", headers={"Accept": "application/yaml"})
    again = await rig.client.put(
        f"/api/compositions/{name}",
        content=exported.text,
        headers={"Content-Type": "application/yaml", "If-Match": exported.headers["etag"]},
    )
    assert without_stored(again.json()) == without_stored(saved)


async def test_what_was_read_can_be_sent_back_as_it_is(stocked: Rig) -> None:
    await stocked.saved("/api/compositions", flow())
    read = await stocked.client.get("/api/compositions/comp_things")
    etag = {"If-Match": read.headers["etag"]}
    answer = await stocked.client.put("/api/compositions/comp_things", json=read.json(), headers=etag)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')


async def test_a_self_contained_file_brings_its_templates(stocked: Rig, rig: Rig) -> None:
    await stocked.saved("/api/compositions", flow())
    exported = await stocked.client.get("/api/compositions/comp_things?templates=true")
    await stocked.empty()
    document = without_stored(exported.json())
    again = await stocked.saved("/api/compositions", document)
    assert again["problems"] == []
    assert without_stored(again) == {key: value for key, value in document.items() if key != "templates"}


async def test_an_inline_text_is_used_saved_as_the_next_version_or_refused(stocked: Rig) -> None:
    same = {"top_things": {key: TEMPLATE[key] for key in ("name", "dialect", "sql", "parameters", "outputs")}}
    used = await stocked.saved("/api/compositions", flow("comp_same", templates=same))
    assert used["nodes"]["top"]["template"] == "top_things@1"
    other = {"top_things": {**same["top_things"], "sql": "SELECT name, 1 AS amount FROM things WHERE {{least}} > 0"}}
    next_one = await stocked.saved("/api/compositions", flow("comp_other", templates=other))
    assert next_one["nodes"]["top"]["template"] == "top_things@2"
    nodes = {"top": {"template": "top_things@1"}, "detail": {"template": "things_named"}}
    refused = await stocked.post("/api/compositions", flow("comp_named", templates=other, nodes=nodes))
    assert (refused.status_code, refused.json()["error"]) == (409, "TEMPLATE_DIFFERS")
    assert await stocked.count("template_versions") == 3


async def test_texts_that_are_imported_at_once_become_a_version_each(stocked: Rig) -> None:
    def importing(number: int) -> dict[str, Any]:
        text = {"name": "Fresh", "dialect": "duckdb", "sql": f"SELECT {number % 3} AS number"}
        return flow(f"comp_{number}", nodes={"a": {"template": "fresh"}}, connections=[], templates={"fresh": text})

    answers = await asyncio.gather(*(stocked.post("/api/compositions", importing(number)) for number in range(9)))
    assert [answer.status_code for answer in answers] == [201] * 9
    named = {answer.json()["nodes"]["a"]["template"] for answer in answers}
    assert named == {"fresh@1", "fresh@2", "fresh@3"}


async def test_a_newer_template_version_never_changes_a_composition(stocked: Rig) -> None:
    await stocked.saved("/api/compositions", flow())
    newer = {**TEMPLATE, "sql": "SELECT name, amount FROM things WHERE amount > {{least}}"}
    await stocked.client.put("/api/templates/top_things", json=newer, headers={"If-Match": '"1"'})
    read = (await stocked.client.get("/api/compositions/comp_things")).json()
    assert read["nodes"]["top"]["template"] == "top_things@1"
    fresh = await stocked.saved("/api/compositions", flow("comp_fresh"))
    assert fresh["nodes"]["top"]["template"] == "top_things@2"


async def test_a_cycle_is_saved_and_listed_and_neither_published_nor_executed(stocked: Rig) -> None:
    back = {"id": "back", "from": "detail", "to": "top"}
    cyclic = flow(connections=[*flow()["connections"], back])
    saved = await stocked.saved("/api/compositions", cyclic)
    assert [problem["code"] for problem in saved["problems"]] == ["CYCLE"]
    assert (
        await stocked.connection.fetchval("SELECT count(*) FROM template_flow_nodes WHERE execution_order IS NULL") == 2
    )
    validated = await stocked.post("/api/compositions/comp_things/validate")
    assert validated.json() == {"problems": saved["problems"]}
    for act in ("publish", "execute"):
        refused = await stocked.post(f"/api/compositions/comp_things/{act}")
        assert refused.status_code == 422
        assert refused.json()["details"]["problems"] == saved["problems"]


async def test_only_what_cannot_be_stored_is_refused_all_at_once(stocked: Rig) -> None:
    nodes = {"top": {"template": "top_things"}, "lost": {"template": "nobody_knows"}}
    connections = [{"id": "a", "from": "top", "to": "nowhere"}, {"id": "b", "from": "gone", "to": "top"}]
    refused = await stocked.post("/api/compositions", flow(nodes=nodes, connections=connections))
    assert refused.status_code == 422
    assert [(each["code"], each["path"]) for each in refused.json()["details"]["problems"]] == [
        ("UNKNOWN_NODE", "connections.a.to"),
        ("UNKNOWN_NODE", "connections.b.from"),
        ("UNKNOWN_TEMPLATE", "nodes.lost.template"),
    ]
    assert await stocked.count("template_flow_compositions") == 0


async def test_a_change_keeps_the_rows_that_stay(stocked: Rig) -> None:
    await stocked.saved("/api/compositions", flow())
    rows = "SELECT node_id, id FROM template_flow_nodes ORDER BY node_id"
    before = {row["node_id"]: row["id"] for row in await stocked.connection.fetch(rows)}
    nodes = {"top": {"template": "top_things"}, "new": {"template": "top_things"}}
    change = flow(nodes=nodes, connections=[])
    await stocked.client.put("/api/compositions/comp_things", json=change, headers={"If-Match": '"1"'})
    after = {row["node_id"]: row["id"] for row in await stocked.connection.fetch(rows)}
    assert after.keys() == {"top", "new"}
    assert after["top"] == before["top"]
    assert await stocked.count("template_flow_connections") == 0


async def test_of_two_changes_at_once_one_wins(stocked: Rig) -> None:
    await stocked.saved("/api/compositions", flow())

    async def change(name: str) -> int:
        body, etag = flow(name=name), {"If-Match": '"1"'}
        return (await stocked.client.put("/api/compositions/comp_things", json=body, headers=etag)).status_code

    assert sorted(await asyncio.gather(*(change(f"name {at}") for at in range(6)))) == [200, 412, 412, 412, 412, 412]
    assert await stocked.connection.fetchval("SELECT revision FROM template_flow_compositions") == 2


async def test_a_change_must_name_the_state_it_is_based_on(stocked: Rig) -> None:
    await stocked.saved("/api/compositions", flow())
    address = "/api/compositions/comp_things"
    put = await stocked.client.put(address, json=flow())
    deleted = await stocked.client.delete(address)
    stale = await stocked.client.put(address, json=flow(), headers={"If-Match": '"7"'})
    other = await stocked.client.put(address, json=flow("comp_other"), headers={"If-Match": '"1"'})
    assert [answer.status_code for answer in (put, deleted, stale, other)] == [428, 428, 412, 422]
    assert put.json()["error"] == "PRECONDITION_REQUIRED"
    assert stale.json()["error"] == "STALE"


async def test_an_id_is_taken_until_it_is_out_of_use(stocked: Rig) -> None:
    both = await asyncio.gather(*(stocked.post("/api/compositions", flow()) for _ in range(4)))
    assert sorted(answer.status_code for answer in both) == [201, 409, 409, 409]
    assert next(answer for answer in both if answer.status_code == 409).json()["error"] == "COMPOSITION_EXISTS"
    gone = await stocked.client.delete("/api/compositions/comp_things", headers={"If-Match": '"1"'})
    assert gone.status_code == 204
    assert (await stocked.client.get("/api/compositions/comp_things")).status_code == 404
    assert (await stocked.client.get("/api/compositions")).json()["items"] == []
    again = await stocked.saved("/api/compositions", flow(name="Again"))
    assert (again["revision"], again["published_version"]) == (3, None)
    assert [envelope.type for envelope in stocked.bus.sent] == [
        "composition.saved",
        "composition.deleted",
        "composition.saved",
    ]


async def test_publishing_points_at_a_version_and_changes_no_head(stocked: Rig) -> None:
    saved = await stocked.saved("/api/compositions", flow())
    stale = await stocked.post("/api/compositions/comp_things/publish", **{"If-Match": '"9"'})
    assert stale.status_code == 412
    published = (await stocked.post("/api/compositions/comp_things/publish", **{"If-Match": '"1"'})).json()
    read = (await stocked.client.get("/api/compositions/comp_things")).json()
    assert read["published_version"] == published["version"]
    assert read["revision"] == saved["revision"]
    again = (await stocked.post("/api/compositions/comp_things/publish")).json()
    assert again == published
    assert await stocked.count("composition_versions") == 1
    assert len(stocked.said("composition.published")) == 2


async def test_lists_are_read_page_by_page(stocked: Rig) -> None:
    for at in range(5):
        await stocked.saved("/api/compositions", flow(f"comp_{at}", nodes={}, connections=[]))
    seen, cursor = [], ""
    while cursor is not None:
        page = (await stocked.client.get(f"/api/compositions?limit=2{cursor and '&cursor='}{cursor}")).json()
        seen += [item["composition_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"comp_{at}" for at in range(5)]
    refused = [await stocked.client.get(f"/api/compositions?{bad}") for bad in ("limit=0", "limit=201", "cursor=!")]
    assert [answer.status_code for answer in refused] == [422, 422, 422]


async def test_ten_thousand_nodes_are_saved_and_read_back(database: str) -> None:
    nodes = {f"n{at}": {"template": "top_things"} for at in range(10_000)}
    connections = [{"id": f"c{at}", "from": f"n{at}", "to": f"n{at + 1}"} for at in range(9_999)]
    document = flow(nodes=nodes, connections=connections)
    async with open_rig(database) as rig, asyncio.timeout(60):
        await with_templates(rig)
        saved = await rig.saved("/api/compositions", document)
        read = (await rig.client.get("/api/compositions/comp_things")).json()
        accepted = await rig.post("/api/compositions/comp_things/execute")
        assert await rig.connection.fetchval("SELECT max(execution_order) FROM template_flow_nodes") == 9_999
    assert saved["problems"] == []
    assert without_stored(read) == pinned(document)
    assert list(read["nodes"]) == list(nodes)
    assert accepted.status_code == 202


async def test_templates_named_by_a_composition_are_found(stocked: Rig) -> None:
    await stocked.saved("/api/compositions", flow())
    found = await stocked.connection.fetch("SELECT template_id, node_config FROM template_flow_nodes ORDER BY ordinal")
    assert [row["template_id"] for row in found] == [TEMPLATE["template_id"], DETAIL["template_id"]]
    assert [row["node_config"] for row in found] == ['{"template_version": 1}', '{"template_version": 1}']


async def test_a_head_is_never_read_half_changed(stocked: Rig) -> None:
    """Two flows that are swapped while others read: every reader sees one of them whole."""
    nodes = {f"other_{at}": {"template": "top_things"} for at in range(30)}
    ties = [{"id": f"c{at}", "from": f"other_{at}", "to": f"other_{at + 1}"} for at in range(29)]
    both = [flow(), flow(nodes=nodes, connections=ties)]
    await stocked.saved("/api/compositions", both[0])

    async def swap() -> None:
        for at in range(8):
            await stocked.client.put("/api/compositions/comp_things", json=both[at % 2], headers={"If-Match": "*"})

    async def read() -> None:
        for _ in range(15):
            seen = (await stocked.client.get("/api/compositions/comp_things")).json()
            assert len(seen["nodes"]) == len(seen["connections"]) + 1

    await asyncio.gather(swap(), read(), read())
