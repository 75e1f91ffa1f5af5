"""Engine connections over HTTP: choosing one, and making those to folders that are offered."""

from datetime import date, datetime
from typing import Any, Literal

from fastapi import Response
from pydantic import BaseModel

from composer.access.folders import OfferedFolders
from composer.connections import usecases
from composer.connections.usecases import CatalogueState, EngineConnectionChange, EngineConnectionDocument
from composer.repository.engine_connections import StoredConnection
from composer.rules.preconditions import entity_tag
from composer.web.dependencies import IfMatch, InTransaction, Offered
from queryflow.domain.files.catalogue import CatalogueTable, RefusedFile
from queryflow.http.app import new_router
from queryflow.http.refusals import refusals

router = new_router("/api/engine-connections", "engine connections")


class EngineConnectionItem(BaseModel):
    """Where a flow can run; `as_of` is the last day its data covers, the default logical date of flows on it."""

    name: str
    engine: str
    as_of: date | None


class EngineConnectionList(BaseModel):
    """Every engine connection a flow can name."""

    items: list[EngineConnectionItem]


class EngineConnectionAnswer(EngineConnectionItem):
    """An engine connection, whole; `settings.folder` is null where its place is not yours to know."""

    settings: dict[str, Any]
    slots: int | None
    created_at: datetime
    updated_at: datetime


class CatalogueAnswer(BaseModel):
    """The tables of an engine connection; `pending` says that an executor has not yet answered the last request."""

    connection: str
    state: Literal["ready", "failed", "pending"]
    described_at: datetime | None
    tables: list[CatalogueTable]
    refused: list[RefusedFile]
    error: str | None


@router.get("", responses=refusals(422), summary="List engine connections")
async def list_engine_connections(transaction: InTransaction) -> EngineConnectionList:
    """Engine connections in the order of their names; never their settings."""
    found = await usecases.list_connections(transaction)
    items = [EngineConnectionItem(name=each.name, engine=each.engine, as_of=each.as_of) for each in found]
    return EngineConnectionList(items=items)


@router.post("", status_code=201, responses=refusals(403, 409, 422), summary="Make an engine connection")
async def create_engine_connection(
    transaction: InTransaction, offered: Offered, document: EngineConnectionDocument, response: Response
) -> EngineConnectionAnswer:
    """Let flows read a folder below QUERYFLOW_COMPOSER_DATA_ROOTS; 403 for any other, whether it is there or not."""
    return _tagged(await usecases.create_connection(transaction, document, offered), offered, response)


@router.get("/{name}", responses=refusals(404, 422), summary="Read an engine connection")
async def read_engine_connection(
    transaction: InTransaction, offered: Offered, name: str, response: Response
) -> EngineConnectionAnswer:
    """The engine connection, with the ETag that a change of it must name."""
    return _tagged(await usecases.read_connection(transaction, name), offered, response)


@router.put("/{name}", responses=refusals(403, 404, 412, 422, 428), summary="Change an engine connection")
async def replace_engine_connection(
    transaction: InTransaction,
    offered: Offered,
    name: str,
    document: EngineConnectionChange,
    precondition: IfMatch,
    response: Response,
) -> EngineConnectionAnswer:
    """Make it exactly this; flows on it read the new folder from their next query on."""
    stored = await usecases.replace_connection(transaction, name, (document, precondition), offered)
    return _tagged(stored, offered, response)


@router.delete(
    "/{name}",
    status_code=204,
    responses=refusals(404, 409, 412, 422, 428),
    summary="Take an engine connection out of use",
)
async def delete_engine_connection(transaction: InTransaction, name: str, precondition: IfMatch) -> None:
    """The files stay; 409 with `details.used_by` while flows, workflows, schedules or open executions use it."""
    await usecases.delete_connection(transaction, name, precondition)


@router.get("/{name}/catalogue", responses=refusals(404, 422), summary="Read the tables of an engine connection")
async def read_catalogue(transaction: InTransaction, name: str) -> CatalogueAnswer:
    """Its tables with their columns and types, as an executor last found them; and what is no table, and why."""
    return _catalogue(name, await usecases.read_catalogue(transaction, name))


@router.post(
    "/{name}/catalogue", status_code=202, responses=refusals(404, 422), summary="Have the tables looked at again"
)
async def request_catalogue(transaction: InTransaction, name: str) -> CatalogueAnswer:
    """Ask an executor to look at the folder; read the catalogue again until its state is not `pending`."""
    return _catalogue(name, await usecases.request_catalogue(transaction, name))


def _tagged(stored: StoredConnection, offered: OfferedFolders, response: Response) -> EngineConnectionAnswer:
    response.headers["ETag"] = entity_tag(stored.revision)
    folder = stored.settings.get("folder")
    shown = None if folder is None else offered.show(str(folder))
    return EngineConnectionAnswer(
        name=stored.name,
        engine=stored.engine,
        settings={**stored.settings, "folder": shown},
        as_of=stored.as_of,
        slots=stored.slots,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )


def _catalogue(name: str, known: CatalogueState) -> CatalogueAnswer:
    found = known.found
    if found is None:
        return CatalogueAnswer(connection=name, state="pending", described_at=None, tables=[], refused=[], error=None)
    ended: Literal["ready", "failed"] = "ready" if found.catalogue.error is None else "failed"
    return CatalogueAnswer(
        connection=name,
        state=ended if known.fresh else "pending",
        described_at=found.described_at,
        tables=list(found.catalogue.tables),
        refused=list(found.catalogue.refused),
        error=found.catalogue.error,
    )
