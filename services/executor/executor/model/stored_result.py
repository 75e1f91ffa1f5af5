"""A stored result: under which key, and what its manifest says of it. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from executor.engines.port import ResultColumn
from executor.model.attempt import Attempt
from queryflow.domain.ids import ExecutionId

PARQUET, MANIFEST = ".parquet", ".json"


RESULTS = "results/"


_KEY = re.compile(RESULTS + r"([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})/")


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result as its manifest describes it."""

    key: str
    """The key of the Parquet file."""
    rows: int
    bytes: int
    sha256: str
    columns: tuple[ResultColumn, ...]

    @property
    def metadata(self) -> dict[str, Any]:
        """What the manifest says, and what is kept beside the key in the node's row."""
        columns = [asdict(column) for column in self.columns]
        return {"rows": self.rows, "bytes": self.bytes, "sha256": self.sha256, "columns": columns}


def result_key(attempt: Attempt) -> str:
    """The key of an attempt's result: made of ids and numbers, never of names people chose."""
    return f"{RESULTS}{attempt.execution_id}/{attempt.id}/{attempt.number}-{attempt.fence}{PARQUET}"


def executions_of(keys: Iterable[str]) -> set[ExecutionId]:
    """The executions whose results these keys are; a key of another kind is left out."""
    return {ExecutionId(UUID(found[1])) for key in keys if (found := _KEY.match(key))}


def described(key: str, metadata: Mapping[str, Any]) -> StoredResult:
    """The result of that key as a node's row or a manifest describes it."""
    columns = tuple(ResultColumn(column["name"], column["type"]) for column in metadata["columns"])
    return StoredResult(key, metadata["rows"], metadata["bytes"], metadata["sha256"], columns)
