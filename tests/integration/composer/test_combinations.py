"""A combination of templates becomes a composition that does the same."""

from typing import Any

import pytest

from tests.integration.composer.rig import Rig, with_templates

COMBINATION: dict[str, Any] = {
    "composition_id": "comp_combined",
    "name": "Combined",
    "templates": ["top_things", "things_named", "top_things"],
    "parameters": {"least": 3, "names": ["a"], "unused": 1},
    "connection": "sample",
}


async def test_a_combination_is_saved_as_a_composition_that_runs(rig: Rig) -> None:
    await with_templates(rig)
    saved = await rig.saved("/api/combinations", COMBINATION)
    assert saved["problems"] == []
    read = (await rig.client.get("/api/compositions/comp_combined")).json()
    assert list(read["nodes"]) == ["top_things", "things_named", "top_things_2"]
    assert [(each["from"], each["to"]) for each in read["connections"]] == [
        ("top_things", "things_named"),
        ("things_named", "top_things_2"),
    ]
    assert {name: each["default"] for name, each in read["parameters"].items()} == {"least": 3, "names": ["a"]}
    assert (await rig.post("/api/compositions/comp_combined/execute")).status_code == 202
    again = await rig.post("/api/combinations", COMBINATION)
    assert (again.status_code, again.json()["error"]) == (409, "COMPOSITION_EXISTS")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"templates": ["top_things", "nothing"]}, "templates.1"),
        ({"templates": []}, "templates"),
        ({"composition_id": "combined"}, "composition_id"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_wrong_combination_is_refused_with_its_place(rig: Rig, change: dict[str, Any], path: str) -> None:
    await with_templates(rig)
    refused = await rig.post("/api/combinations", {**COMBINATION, **change})
    assert refused.status_code == 422
    assert [each["path"] for each in refused.json()["details"]["problems"]] == [path]
