"""Engine connections: which there are, and how people make, change and remove those to folders."""

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from composer.access.folders import OfferedFolders
from composer.access.transaction import Transaction
from composer.repository import engine_connections as repository
from composer.repository.connection_uses import connection_uses
from composer.repository.engine_connections import StoredCatalogue, StoredConnection
from composer.rules.execution_requests import LogicalDate
from composer.rules.preconditions import Precondition
from composer.rules.stored_keys import without_keys
from queryflow.domain.errors import Conflict, Invalid, NotFound, Problem
from queryflow.domain.files.declared_tables import table_problems
from queryflow.engines.catalogue import is_offered
from queryflow.engines.duckdb.kind import DUCKDB
from queryflow.messages.engine_connection import EngineConnectionCatalogueRequested

FOLDERS = DUCKDB
"""The engine that reads folders, the only one whose connections people make."""
STORED_KEYS = frozenset({"created_at", "updated_at"})
"""What answers add to an engine connection."""


class FolderSettings(BaseModel):
    """What a connection to a folder knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str = Field(min_length=1)
    """The absolute path of the folder with the files; a table per file or subfolder."""
    tables: dict[str, JsonValue] | None = None
    """What `tables.yaml` in the folder says, and wins over it."""


class EngineConnectionChange(BaseModel):
    """What an engine connection should be; its name is in the address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = None
    """May be said again; it never changes."""
    engine: str = Field(default=FOLDERS.name, pattern=f"^{FOLDERS.name}$")
    settings: FolderSettings
    as_of: LogicalDate = None
    """The last day the data covers, the default logical date of flows on it."""
    slots: int | None = Field(default=FOLDERS.capacity.places, ge=1, le=1_000)
    """How many queries may run at once; null is no limit."""

    @model_validator(mode="before")
    @classmethod
    def _without_stored(cls, document: object) -> object:
        return without_keys(document, STORED_KEYS)


class EngineConnectionDocument(EngineConnectionChange):
    """A new engine connection."""

    name: str = Field(pattern="^[a-z][a-z0-9_]*$", max_length=100)


@dataclass(frozen=True, slots=True)
class CatalogueState:
    """What is known of the tables, and whether it answers the last request."""

    found: StoredCatalogue | None
    fresh: bool


async def list_connections(transaction: Transaction) -> list[StoredConnection]:
    """Those that people choose from, by name."""
    found = await repository.list_connections(transaction.connection)
    return [each for each in found if is_offered(each.engine)]


async def read_connection(transaction: Transaction, name: str, *, lock: bool = False) -> StoredConnection:
    """The engine connection; NotFound if there is none in use of that name."""
    found = await repository.find_connection(transaction.connection, name, lock=lock)
    if found is None or not is_offered(found.engine):
        raise NotFound(f"There is no engine connection {name[:100]}.")
    return found


async def create_connection(
    transaction: Transaction, document: EngineConnectionDocument, offered: OfferedFolders
) -> StoredConnection:
    """Make a connection to a folder; Conflict if the name is in use."""
    values = await _columns(document, offered)
    stored = await repository.insert_connection(transaction.connection, document.name, values, transaction.person)
    if stored is None:
        message = f"There is an engine connection {document.name} already; change it with PUT, or choose another name."
        raise Conflict(message, code="CONNECTION_EXISTS")
    _want_catalogue(transaction, stored.name, stored.catalogue_wanted)
    return stored


async def replace_connection(
    transaction: Transaction, name: str, change: tuple[EngineConnectionChange, Precondition], offered: OfferedFolders
) -> StoredConnection:
    """Make it exactly this, if it is as expected; what runs on it reads the new folder from its next query on."""
    document, precondition = change
    precondition.demand((await read_connection(transaction, name, lock=True)).revision)
    _demand_same_name(name, document)
    values = await _columns(document, offered)
    stored = await repository.change_connection(transaction.connection, name, values)
    _want_catalogue(transaction, stored.name, stored.catalogue_wanted)
    return stored


async def delete_connection(transaction: Transaction, name: str, precondition: Precondition) -> None:
    """Take it out of use; Conflict with what uses it, if anything does. Its files stay."""
    precondition.demand((await read_connection(transaction, name, lock=True)).revision)
    if uses := await connection_uses(transaction.connection, name):
        named = ", ".join(f"{use.kind} {use.id}" for use in uses)
        details = {"used_by": [asdict(use) for use in uses]}
        raise Conflict(f"{name} is in use by: {named}.", code="CONNECTION_IN_USE", details=details)
    await repository.change_connection(transaction.connection, name, {"is_active": False})


async def read_catalogue(transaction: Transaction, name: str) -> CatalogueState:
    """The tables of the engine connection, as an executor last found them."""
    stored = await read_connection(transaction, name)
    found = await repository.find_catalogue(transaction.connection, name)
    return CatalogueState(found, fresh=found is not None and found.wanted >= stored.catalogue_wanted)


async def request_catalogue(transaction: Transaction, name: str) -> CatalogueState:
    """Have its tables looked at again; what is known until then."""
    await read_connection(transaction, name)
    wanted = await repository.want_catalogue(transaction.connection, name)
    if wanted is not None:
        _want_catalogue(transaction, name, wanted)
    return await read_catalogue(transaction, name)


def _demand_same_name(name: str, document: EngineConnectionChange) -> None:
    if document.name not in {None, name}:
        message = f"The document is about {document.name}, the address about {name}."
        raise Invalid(message, [Problem("ANOTHER_CONNECTION", "name", message)])


def _want_catalogue(transaction: Transaction, name: str, wanted: int) -> None:
    transaction.emit(EngineConnectionCatalogueRequested(connection=name, wanted=wanted, at=transaction.now))


async def _columns(document: EngineConnectionChange, offered: OfferedFolders) -> dict[str, Any]:
    """The row of the document, its folder resolved; Invalid or NotAllowed if it may not be that."""
    tables = document.settings.tables
    problems: list[Problem] = [] if tables is None else table_problems(tables)
    if problems:
        raise Invalid("The tables are declared in a way that cannot be read.", problems)
    folder = await asyncio.to_thread(offered.find, document.settings.folder)
    settings: dict[str, Any] = {"folder": str(folder)}
    if tables is not None:
        settings["tables"] = tables
    return {"engine": document.engine, "settings": settings, "as_of": document.as_of, "slots": document.slots}
