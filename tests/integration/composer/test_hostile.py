"""Whatever is sent, the answer has the one shape of errors and a stable code; nothing becomes an internal error."""

from typing import Any

import pytest

from tests.integration.composer.rig import TEMPLATE, Rig, flow, with_templates

JSON = {"Content-Type": "application/json", "If-Match": "*"}
YAML = {"Content-Type": "application/yaml", "If-Match": "*"}


@pytest.fixture(scope="module")
async def shared(shared_rig: Rig) -> Rig:
    await with_templates(shared_rig)
    await shared_rig.saved("/api/compositions", flow())
    return shared_rig


BODIES: dict[str, tuple[str | bytes, dict[str, str]]] = {
    "nothing": (b"", JSON),
    "no JSON": ("{", JSON),
    "a list": ("[]", JSON),
    "a number": ("1", JSON),
    "null": ("null", JSON),
    "NaN": ('{"layout": NaN}', JSON),
    "a number beyond floats": ('{"layout": {"viewport": {"x": 1e999}}}', JSON),
    "a number of 5,000 digits": ('{"name": %s}' % ("9" * 5000), JSON),
    "too deep": ('{"a":' * 100 + "1" + "}" * 100, JSON),
    "a key twice": ('{"composition_id": "comp_a", "composition_id": "comp_b"}', JSON),
    "NUL": ('{"name": "a\\u0000b"}', JSON),
    "half a surrogate pair": ('{"name": "\\ud800"}', JSON),
    "not UTF-8": (b'{"name": "\xff"}', JSON),
    "not UTF-8 in YAML": (b"name: \xff", YAML),
    "YAML with an alias": ("a: &x [1]\nb: *x\n", YAML),
    "YAML with a tag": ("a: !!python/object:os.system ls\n", YAML),
    "YAML with NUL": ('name: "a\\0b"\n', YAML),
    "YAML with a lone surrogate": ('name: "\\ud800"\n', YAML),
    "YAML without end": ("a: [1, 2", YAML),
    "a form": ("name=x", {"Content-Type": "application/x-www-form-urlencoded", "If-Match": "*"}),
    "no type": ("{}", {"If-Match": "*"}),
    "3 MiB": ('{"name": "' + "x" * 3 * 2**20 + '"}', JSON),
}


def shape(answer: Any) -> tuple[int, str]:
    body = answer.json()
    assert body.keys() == {"error", "message", "details"}, body
    assert body["error"] == body["error"].upper()
    assert body["message"]
    for problem in body["details"].get("problems", []):
        assert problem.keys() - {"line", "column"} == {"code", "path", "message", "severity", "fixes"}
    return answer.status_code, body["error"]


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/compositions"), ("PUT", "/api/compositions/comp_things"), ("POST", "/api/templates")],
)
async def test_any_body_gets_an_answer(shared: Rig, name: str, method: str, path: str) -> None:
    content, headers = BODIES[name]
    status, _ = shape(await shared.client.request(method, path, content=content, headers=headers))
    assert status in {400, 413, 415, 422}


WRONG_FIELDS: list[dict[str, Any]] = [
    {"queryflow": 2},
    {"kind": "template"},
    {"composition_id": "comp_ä"},
    {"composition_id": "comp_a\n"},
    {"composition_id": "comp_" + "a" * 100},
    {"composition_id": 7},
    {"name": ""},
    {"name": "x" * 256},
    {"name": None},
    {"tags": "amc"},
    {"tags": [1]},
    {"tags": ["x" * 3_000]},
    {"connection": "x" * 101},
    {"connection": ["sample"]},
    {"window": "last_30_days"},
    {"window": {"settle_days": -1}},
    {"parameters": [1]},
    {"parameters": {"a": {"type": "colour"}}},
    {"nodes": []},
    {"nodes": {"Top": {"template": "top_things"}}},
    {"nodes": {"top": {"template": "top_things", "colour": 1}}},
    {"nodes": {"top": {"template": "top_things@0"}}},
    {"nodes": {"top": {"template": "top_things@99999999999"}}},
    {"nodes": {"top": {"template": "top_things", "timeout_seconds": 10**20}}},
    {"nodes": {"top": None}},
    {"connections": {}},
    {"connections": [None]},
    {"connections": [{"id": "a", "from": "top"}]},
    {"connections": [{"id": "a", "from": "top", "to": "detail", "map": {"names": {"column": "n", "take": 0}}}]},
    {"layout": {"positions": {"top": [1]}}},
    {"layout": {"viewport": {"zoom": 0}}},
    {"templates": {"top_things": {"sql": 1}}},
    {"unknown": 1},
]


@pytest.mark.parametrize("wrong", WRONG_FIELDS, ids=str)
async def test_wrong_fields_are_named(shared: Rig, wrong: dict[str, Any]) -> None:
    refused = await shared.post("/api/compositions", {**flow("comp_wrong"), **wrong})
    assert shape(refused) == (422, "INVALID")
    assert refused.json()["details"]["problems"]


ODD_FLOWS: list[dict[str, Any]] = [
    {"nodes": {}, "connections": []},
    {"window": {"range": "last_0_days", "time_zone": "Nowhere"}},
    {"window": {"start": "0001-01-01", "end": "9999-12-31"}},
    {"parameters": {"': DROP": {"type": "number", "default": 10**40}}},
    {"connections": [{"id": "a", "from": "top", "to": "top", "map": {"'": {"column": '"', "where": "); DROP"}}}]},
    {"layout": {"notes": [{"text": "<script>", "deep": [[[{}]]]}], "positions": {"ghost": [1, 2]}}},
    {"name": "\U0001f600 \u202e", "description": "x" * 10_000},
    {"nodes": {"top": {"template": "top_things", "parameters": {"least": {"flow": "absent"}}}}, "connections": []},
    {"nodes": {"top": {"template": "top_things@77"}}, "connections": []},
]


@pytest.mark.parametrize("odd", range(len(ODD_FLOWS)))
async def test_odd_flows_are_saved_and_judged(shared: Rig, odd: int) -> None:
    name = f"comp_odd_{odd}"
    saved = await shared.saved("/api/compositions", flow(name, **ODD_FLOWS[odd]))
    validated = await shared.post(f"/api/compositions/{name}/validate")
    assert validated.json() == {"problems": saved["problems"]}
    executed = await shared.post(f"/api/compositions/{name}/execute")
    assert executed.status_code == 202 or shape(executed) == (422, "INVALID")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/api/compositions/%2e%2e%2fetc", 404),
        ("GET", "/api/compositions/comp_%F0%9F%98%80", 404),
        ("GET", "/api/compositions/" + "x" * 5_000, 404),
        ("GET", "/api/compositions/00000000-0000-0000-0000-000000000000", 404),
        ("GET", "/api/compositions/comp_a%00b", 400),
        ("GET", "/api/compositions?limit=ten", 422),
        ("GET", "/api/compositions?cursor=%FF", 422),
        ("GET", "/api/schedules?cursor=YQ", 422),
        ("GET", "/api/schedules?composition_id=x", 404),
        ("GET", "/api/templates/%27%20OR%201=1", 404),
        ("GET", "/api/compositions/comp_things?format=xml", 422),
        ("POST", "/api/executions/not-a-uuid/cancel", 422),
        ("PATCH", "/api/compositions/comp_things", 405),
        ("POST", "/api/compositions/comp_absent/execute", 404),
        ("POST", "/api/compositions/comp_absent/publish", 404),
        ("POST", "/api/compositions/comp_absent/validate", 404),
    ],
)
async def test_odd_addresses_get_an_answer(shared: Rig, method: str, path: str, status: int) -> None:
    assert shape(await shared.client.request(method, path))[0] == status


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"version": 1},
        {"version": "HEAD"},
        {"parameters": []},
        {"parameters": {"least": [1]}},
        {"parameters": {"least": True}},
        {"parameters": {"least": 10**30}},
        {"node_parameters": {"top": 1}},
        {"node_parameters": {"top": {"least": {"value": "x", "detach": True}}}},
        {"logical_date": 20261122},
        {"logical_date": "2026-13-01"},
        {"logical_date": "0001-01-01"},
        {"connection": 5},
        {"force": "all"},
        {"priority": 1},
    ],
    ids=str,
)
async def test_odd_requests_are_refused(shared: Rig, body: Any) -> None:
    status, _ = shape(await shared.post("/api/compositions/comp_things/execute", body))
    assert status == 422


async def test_another_site_is_refused(shared: Rig) -> None:
    hostile = await shared.client.post(
        "/api/compositions/comp_things/execute", json={}, headers={"Origin": "https://example.com"}
    )
    assert shape(hostile)[0] == 403


async def test_a_template_with_odd_text_is_kept_exactly(shared: Rig) -> None:
    odd = {**TEMPLATE, "template_id": "odd", "sql": "SELECT 'ä''\t☃' AS a, {{least}} AS b -- \U0001f600", "outputs": {}}
    saved = await shared.saved("/api/templates", odd)
    assert saved["sql"] == odd["sql"]
