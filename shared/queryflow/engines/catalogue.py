"""All engines, a line each. Those of other packages join once, when a process starts (`queryflow.engines.joining`)."""

from collections.abc import Mapping

from queryflow.domain.flow.template import Dialect
from queryflow.engines.duckdb.kind import DUCKDB
from queryflow.engines.echo.kind import ECHO
from queryflow.engines.kind import EngineKind

ENGINES: dict[str, EngineKind] = {
    "duckdb": DUCKDB,
    "echo": ECHO,
}
"""By name."""


def dialects() -> Mapping[str, frozenset[Dialect]]:
    """Which dialects each engine runs."""
    return {name: kind.dialects for name, kind in ENGINES.items()}


def is_offered(engine: str) -> bool:
    """Whether people see connections to the engine; those of an engine that is gone they see, to change them."""
    kind = ENGINES.get(engine)
    return kind is None or kind.offered
