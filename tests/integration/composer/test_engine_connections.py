"""Engine connections to folders over HTTP: below the roots that are offered, and nowhere else."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.composer.rig import Rig, flow, open_rig, with_templates

CATALOGUE = {"tables": [{"name": "things", "columns": [{"name": "id", "type": "BIGINT"}], "rows": 3}]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "sales").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    return tmp_path / "root"


@pytest.fixture
async def offering(module_database: str, root: Path) -> AsyncIterator[Rig]:
    """A composer that offers one root."""
    async with open_rig(module_database, root) as opened:
        await opened.empty()
        yield opened


def connection(folder: Path, **changes: Any) -> dict[str, Any]:
    return {"name": "sales", "settings": {"folder": str(folder)}, **changes}


async def test_a_connection_is_made_changed_and_removed(offering: Rig, root: Path) -> None:
    saved = await offering.saved("/api/engine-connections", connection(root / "sales", as_of="2026-11-20"))
    assert saved["settings"] == {"folder": str(root / "sales")}
    assert (saved["engine"], saved["as_of"], saved["slots"]) == ("duckdb", "2026-11-20", 4)
    read = await offering.client.get("/api/engine-connections/sales")
    assert (read.json(), read.headers["etag"]) == (saved, '"1"')
    again = await offering.post("/api/engine-connections", connection(root / "sales"))
    assert (again.status_code, again.json()["error"]) == (409, "CONNECTION_EXISTS")
    tables = {"orders": {"delimiter": ";"}}
    changed = {**saved, "settings": {"folder": str(root), "tables": tables}, "slots": None}
    address = "/api/engine-connections/sales"
    assert (await offering.client.put(address, json=changed)).status_code == 428
    answer = await offering.client.put(address, json=changed, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    assert answer.json()["settings"] == {"folder": str(root), "tables": tables}
    assert (await offering.client.put(address, json=changed, headers={"If-Match": '"1"'})).status_code == 412
    listed = (await offering.client.get("/api/engine-connections")).json()["items"]
    assert [each["name"] for each in listed] == ["sales", "sample"]
    assert (await offering.client.delete(address, headers={"If-Match": '"2"'})).status_code == 204
    assert (await offering.client.get(address)).status_code == 404
    assert (await offering.post("/api/queries", {"sql": "SELECT 1", "connection": "sales"})).status_code == 422
    begun = await offering.post("/api/engine-connections", connection(root / "sales"))
    assert (begun.status_code, begun.headers["etag"]) == (201, '"4"')


async def test_a_folder_that_is_not_offered_is_refused_alike_whether_it_is_there(offering: Rig, root: Path) -> None:
    (root / "link").symlink_to(root.parent / "outside")
    (root / "file.csv").write_text("a")
    wrong = (
        root.parent / "outside",
        root.parent / "missing",
        root / "link",
        root / ".." / "outside",
        root / "missing",
        root / "file.csv",
        Path("/"),
        Path(f"{root}er"),
    )
    answers = [await offering.post("/api/engine-connections", connection(folder)) for folder in wrong]
    assert [answer.status_code for answer in answers] == [403] * len(wrong)
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["error"] == "FOLDER_NOT_OFFERED"
    assert str(root.parent) not in answers[0].text


async def test_a_link_within_a_root_is_kept_as_the_place_it_leads_to(offering: Rig, root: Path) -> None:
    (root / "link").symlink_to(root / "sales")
    saved = await offering.saved("/api/engine-connections", connection(root / "link" / ".." / "sales"))
    assert saved["settings"]["folder"] == str(root / "sales")


async def test_nothing_is_offered_unless_somebody_says_so(rig: Rig, root: Path) -> None:
    answer = await rig.post("/api/engine-connections", connection(root / "sales"))
    assert (answer.status_code, answer.json()["error"]) == (403, "FOLDER_NOT_OFFERED")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"settings": {"folder": "sales"}}, "settings.folder"),
        ({"name": "Sales"}, "name"),
        ({"engine": "echo"}, "engine"),
        ({"slots": 0}, "slots"),
        ({"secret": "x"}, "secret"),
    ],
)
async def test_a_wrong_document_is_refused_with_its_place(
    offering: Rig, root: Path, change: dict[str, Any], path: str
) -> None:
    answer = await offering.post("/api/engine-connections", {**connection(root / "sales"), **change})
    assert answer.status_code == 422
    assert [each["path"] for each in answer.json()["details"]["problems"]] == [path]


async def test_tables_that_are_declared_wrongly_are_refused_all_at_once(offering: Rig, root: Path) -> None:
    tables = {"orders": {"delimeter": ";"}, "items": {"types": {"id": "WORD"}}}
    document = connection(root / "sales", settings={"folder": str(root / "sales"), "tables": tables})
    answer = await offering.post("/api/engine-connections", document)
    assert answer.status_code == 422
    paths = {each["path"] for each in answer.json()["details"]["problems"]}
    assert paths == {"settings.tables.orders.delimeter", "settings.tables.items.types.id"}


async def test_a_connection_in_use_is_not_removed(offering: Rig, root: Path) -> None:
    await offering.saved("/api/engine-connections", connection(root / "sales"))
    await with_templates(offering)
    address, any_state = "/api/engine-connections/sales", {"If-Match": "*"}

    async def used_by() -> list[str]:
        answer = await offering.client.delete(address, headers=any_state)
        assert answer.status_code == 409, answer.text
        assert answer.json()["error"] == "CONNECTION_IN_USE"
        return [each["kind"] for each in answer.json()["details"]["used_by"]]

    await offering.saved("/api/compositions", flow("comp_on_sales", connection="sales"))
    document = {"name": "Query", "sql": "SELECT 1", "connection": "sales"}
    workflow = await offering.saved("/api/workflows", document)
    ran = await offering.post("/api/compositions/comp_on_sales/execute")
    assert ran.status_code == 202
    assert await used_by() == ["composition", "execution", "workflow"]
    await offering.client.delete("/api/compositions/comp_on_sales", headers=any_state)
    await offering.client.delete(f"/api/workflows/{workflow['id']}", headers=any_state)
    assert await used_by() == ["execution"]
    await offering.connection.execute("UPDATE query_flow_executions SET state = 'succeeded'")
    assert (await offering.client.delete(address, headers=any_state)).status_code == 204


async def test_a_catalogue_is_pending_until_the_last_request_is_answered(offering: Rig, root: Path) -> None:
    await offering.saved("/api/engine-connections", connection(root / "sales"))
    assert len(offering.said("engine_connection.catalogue_requested")) == 1
    address = "/api/engine-connections/sales/catalogue"
    assert (await offering.client.get(address)).json()["state"] == "pending"

    async def answer(wanted: int) -> None:
        await offering.connection.execute("DELETE FROM connection_catalogues")
        await offering.connection.execute(
            "INSERT INTO connection_catalogues (connection, wanted, document) VALUES ('sales', $1, $2)",
            wanted,
            json.dumps(CATALOGUE),
        )

    await answer(1)
    ready = (await offering.client.get(address)).json()
    assert (ready["state"], ready["tables"][0]["name"], ready["tables"][0]["rows"]) == ("ready", "things", 3)
    asked = await offering.post(address)
    assert (asked.status_code, asked.json()["state"], len(asked.json()["tables"])) == (202, "pending", 1)
    said = [json.loads(each.body)["wanted"] for each in offering.said("engine_connection.catalogue_requested")]
    assert said == [1, 2]
    await answer(2)
    assert (await offering.client.get(address)).json()["state"] == "ready"
    assert (await offering.client.get("/api/engine-connections/nothing/catalogue")).status_code == 404
    assert (await offering.post("/api/engine-connections/echo/catalogue")).status_code == 404


async def test_a_run_on_another_connection_leaves_the_flow_and_its_nodes_own_where_they_are(
    offering: Rig, root: Path
) -> None:
    await offering.saved("/api/engine-connections", connection(root / "sales"))
    await with_templates(offering)
    nodes = {"top": {"template": "top_things"}, "detail": {"template": "things_named", "connection": "sample"}}
    await offering.saved("/api/compositions", flow(nodes=nodes))
    ran = await offering.post("/api/compositions/comp_things/execute", {"connection": "sales"})
    assert ran.status_code == 202, ran.text
    document = await offering.connection.fetchval("SELECT document FROM composition_versions")
    version = json.loads(document)
    assert version["flow"]["connection"] == "sales"
    assert [node["connection"] for node in version["flow"]["nodes"]] == [None, "sample"]
    assert set(version["connections"]) == {"sales", "sample"}
    assert (await offering.client.get("/api/compositions/comp_things")).json()["connection"] == "sample"
    missing = await offering.post("/api/compositions/comp_things/execute", {"connection": "nowhere"})
    assert missing.status_code == 422
