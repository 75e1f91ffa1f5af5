"""What echo is."""

from queryflow.domain.flow.template import Dialect
from queryflow.engines.kind import Capacity, EngineKind
from queryflow.sql.notation import DUCKDB_SQL

ECHO = EngineKind(
    name="echo",
    dialects=frozenset(Dialect),  # it reads no SQL
    notation=DUCKDB_SQL,
    capacity=Capacity(places=None),
    runs="executor.engines.echo.engine:open_engine",
    instant=True,
    offered=False,
)
