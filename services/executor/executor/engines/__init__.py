"""The engines this executor can run queries on, in one table."""

from executor.engines.duckdb import DuckDBEngine
from executor.engines.echo import EchoEngine
from executor.engines.folder_catalogue import FolderDescriber
from executor.engines.port import Describer, Engine
from executor.engines.table_cache import TableCache
from queryflow.sandbox.sandbox import Sandbox


def engines(sandbox: Sandbox, cache: TableCache | None = None) -> dict[str, Engine]:
    """Every engine by its word, the one that ends the routing key of `node.ready`."""
    known: tuple[Engine, ...] = (DuckDBEngine(sandbox, cache), EchoEngine())
    return {engine.kind: engine for engine in known}


def describers(sandbox: Sandbox, cache: TableCache | None = None) -> dict[str, Describer]:
    """Who tells what the connections of an engine have to read, by the engine's word."""
    return {DuckDBEngine.kind: FolderDescriber(DuckDBEngine(sandbox, cache))}
