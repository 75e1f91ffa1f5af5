"""Saving while others save."""

from typing import Any

import httpx2
import pytest

from queryflow_cli.client.calls.asking import TRIES, RefusedByServer
from queryflow_cli.client.client import Client

STALE = httpx2.Response(412, json={"error": "STALE", "message": "changed meanwhile", "details": {}})
TAKEN = httpx2.Response(409, json={"error": "ID_TAKEN", "message": "taken", "details": {}})
ABSENT = httpx2.Response(404, json={"error": "NOT_FOUND", "message": "absent", "details": {}})
SAVED = httpx2.Response(200, json={"saved": True})
PRESENT = httpx2.Response(200, json={}, headers={"ETag": '"1"'})


async def save(*answers: httpx2.Response) -> tuple[Any, list[str]]:
    """What saving gives on a server that answers so, and what it was asked."""
    asked: list[str] = []
    left = list(answers)

    async def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.method)
        found = left.pop(0)
        return httpx2.Response(found.status_code, content=found.content, headers=found.headers)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer), base_url="http://server") as http:
        saved = await Client(http).save_composition({"composition_id": "comp_a"})
    return saved, asked


async def test_what_others_change_at_the_same_time_is_saved_again() -> None:
    assert await save(PRESENT, STALE, PRESENT, SAVED) == ({"saved": True}, ["GET", "PUT", "GET", "PUT"])


async def test_it_gives_up_in_the_end() -> None:
    with pytest.raises(RefusedByServer, match="changed meanwhile"):
        await save(*[PRESENT, STALE] * TRIES)


async def test_what_somebody_made_meanwhile_is_changed() -> None:
    assert await save(ABSENT, TAKEN, PRESENT, SAVED) == ({"saved": True}, ["GET", "POST", "GET", "PUT"])


async def test_an_id_that_stays_taken_is_said() -> None:
    with pytest.raises(RefusedByServer, match="taken"):
        await save(ABSENT, TAKEN, ABSENT)


@pytest.mark.parametrize(
    ("token", "said"),
    [(None, "http://server asks for its token"), ("a word", "does not accept the token in QUERYFLOW_TOKEN")],
)
async def test_a_missing_token_is_told_as_the_variable_to_set(token: str | None, said: str) -> None:
    refusal = httpx2.Response(401, json={"error": "TOKEN_REQUIRED", "message": "Authorization: Bearer", "details": {}})
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    transport = httpx2.MockTransport(lambda _: refusal)
    async with httpx2.AsyncClient(transport=transport, base_url="http://server", headers=headers) as http:
        with pytest.raises(RefusedByServer, match=said) as refused:
            await Client(http).composition("comp_a")
    assert "set QUERYFLOW_TOKEN to the value" in str(refused.value)
    assert refused.value.error_code == "TOKEN_REQUIRED"
