"""Each field of each body, replaced by what nobody should send, is refused or understood; none is an internal error."""

from typing import Any

import pytest

from tests.integration.composer.rig import TEMPLATE, Rig, flow, with_templates
from tests.integration.composer.test_hostile_queries import DOCUMENTS
from tests.integration.composer.test_schedules import WEEKLY

BODIES: dict[str, dict[str, Any]] = {
    **DOCUMENTS,
    "/api/templates": {**TEMPLATE, "template_id": "hostile"},
    "/api/compositions": flow(),
    "/api/schedules": WEEKLY,
    "/api/compositions/comp_things/execute": {
        "version": "draft",
        "parameters": {"least": 1},
        "node_parameters": {"top": {"least": 1}},
        "logical_date": "2026-11-22",
        "connection": "sample",
        "window": {"range": "last_30_days", "time_zone": "UTC"},
    },
}
DEEP: Any = [[[[[[[[[[[[[[[[{"a": [{}]}]]]]]]]]]]]]]]]]
HOSTILE: list[Any] = [
    None,
    True,
    -1,
    2**31,
    -(2**63) - 1,
    10**400,
    1e308,
    "",
    " ",
    "a\0b",
    "\U0001f600\u202e" * 50,
    "x" * 20_000,
    "9999-12-31T23:59:60Z",
    "0000-00-00",
    [],
    [None, None],
    ["a", "a"],
    list(range(5_000)),
    {},
    {"": ""},
    {"a\0": 1},
    {"least": {"value": 10**400}},
    DEEP,
]


def replaced(document: Any, value: Any) -> list[Any]:
    """The document with each of its parts, however deep, replaced by the value, one at a time; of lists the first."""
    if isinstance(document, list) and document:
        return [value] + [[changed, *document[1:]] for changed in replaced(document[0], value)]
    if not isinstance(document, dict):
        return [value]
    return [value] + [
        {**document, name: changed} for name, part in document.items() for changed in replaced(part, value)
    ]


@pytest.mark.parametrize("path", BODIES)
async def test_every_field_of_a_body_takes_no_harm(rig: Rig, path: str) -> None:
    await with_templates(rig)
    await rig.saved("/api/compositions", flow())
    for value in HOSTILE:
        for body in replaced(BODIES[path], value):
            answer = await rig.post(path, body)
            assert answer.status_code < 500, (path, str(body)[:300], answer.text[:300])
            if answer.status_code >= 400:
                assert answer.json().keys() == {"error", "message", "details"}
