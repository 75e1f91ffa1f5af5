"""A version that was frozen before casts came first, on DuckDB: it yields what it yielded then."""

import json
from pathlib import Path
from typing import Any

import pytest

from composer.rules.freezing import version_hash
from queryflow.domain.flow.semantics import Semantics
from queryflow.domain.flow.version import Version
from tests.integration.executor.rig import Rig
from tests.integration.executor.test_duckdb_flow import result, rig

__all__ = ["rig"]

FROZEN_BEFORE = Path(__file__).parents[2] / "support" / "version_before_semantics.json"
"""A document as it was stored when versions had no semantics number, and the hash it was stored under."""
HASH_BEFORE = "fd7bc2b716571812608b6dd2ce47c60bda51a8e1c5033b52ac2410c1cd3925cb"


def frozen_before() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FROZEN_BEFORE.read_text())
    return document


def test_an_old_document_reads_and_keeps_its_hash() -> None:
    version = Version.model_validate(frozen_before())
    assert version.semantics is Semantics.CAST_LAST
    assert version.document() == frozen_before()
    assert version_hash(version) == HASH_BEFORE
    newer = version.model_copy(update={"semantics": Semantics.CAST_FIRST})
    assert newer.document()["semantics"] == 2
    assert version_hash(newer) != HASH_BEFORE


@pytest.mark.parametrize(
    ("semantics", "found"),
    [(Semantics.CAST_LAST, (9, 4, [100, 10, 10])), (Semantics.CAST_FIRST, (100, 5, [100, 10, 9]))],
)
async def test_a_version_means_what_its_number_says(rig: Rig, semantics: Semantics, found: Any) -> None:
    version = Version.model_validate(frozen_before())
    if semantics is Semantics.CAST_FIRST:
        update = {
            connection.id: {
                name: binding.model_copy(update={"distinct": None}) for name, binding in connection.map.items()
            }
            for connection in version.flow.connections
        }
        connections = tuple(each.model_copy(update={"map": update[each.id]}) for each in version.flow.connections)
        flow = version.flow.model_copy(update={"connections": connections})
        version = version.model_copy(update={"semantics": semantics, "flow": flow})
    execution = await rig.request(version)
    assert await rig.ended(execution) == "succeeded"
    assert await result(rig, execution, "use") == [found]
