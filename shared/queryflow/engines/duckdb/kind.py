"""What DuckDB is."""

from queryflow.domain.flow.template import Dialect
from queryflow.engines.kind import Capacity, EngineKind
from queryflow.sql.notation import DUCKDB_SQL

DUCKDB = EngineKind(
    name="duckdb",
    dialects=frozenset({Dialect.AMC, Dialect.DUCKDB}),
    notation=DUCKDB_SQL,
    capacity=Capacity(places=4),  # each query takes a core of the machine
    runs="executor.engines.duckdb.engine:open_engine",
)
