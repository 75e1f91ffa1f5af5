"""What the tables of a folder will be, before anything runs on it."""

from pathlib import Path
from tempfile import TemporaryDirectory

from executor.engines.duckdb.engine import DuckDBEngine
from executor.engines.port import ConnectionSettings
from queryflow.domain.files.catalogue import Catalogue
from queryflow.engines.duckdb.kind import DUCKDB
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sandbox.settings import SandboxSettings
from queryflow_cli.terminal.console import print_json
from queryflow_cli.terminal.waiting import waiting
from queryflow_cli.usecases.catalogue import print_tables


async def show_tables(folder: Path, *, as_json: bool) -> bool:
    """Show the folder's tables, and its files that are none; no system has to run. Whether all tables can be read."""
    with TemporaryDirectory(prefix="queryflow-tables-") as place, waiting() as line:
        line.say(f"Looking at the tables of {folder}")
        catalogue = await _described(folder, Path(place))
    document = catalogue.model_dump(mode="json")
    if as_json:
        print_json(document)
    else:
        print_tables(document, columns=True)
    return catalogue.error is None and not any(table.error for table in catalogue.tables)


async def _described(folder: Path, place: Path) -> Catalogue:
    sandbox = Sandbox(SandboxSettings(place / "sandbox"))
    await sandbox.start()
    try:
        (place / "looks").mkdir()
        connection = ConnectionSettings(folder.name, DUCKDB.name, {"folder": str(folder)})
        return await DuckDBEngine(sandbox).describe(connection, place / "looks")
    finally:
        await sandbox.stop()
