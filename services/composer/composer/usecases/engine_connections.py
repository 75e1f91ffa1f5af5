"""Which engine connections people choose from."""

from composer.repository.engine_connections import EngineConnectionRecord, read_engine_connections
from queryflow.runtime.transaction import Transaction

MEASURING_ENGINE = "echo"
"""It runs nothing and is there for benchmarks; nobody is offered it."""


async def list_engine_connections(transaction: Transaction) -> list[EngineConnectionRecord]:
    """Those in use, by name."""
    found = await read_engine_connections(transaction.connection)
    return [record for record in found.values() if record.engine != MEASURING_ENGINE]
