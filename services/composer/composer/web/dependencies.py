"""What routes are given: a transaction, a page request, the state a change is based on."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Query, Request

from composer.access.folders import OfferedFolders
from composer.access.transaction import Transaction
from composer.process.composer import Composer
from composer.process.version_cache import VersionCache
from composer.rules.paging import PageRequest, read_cursor
from composer.rules.preconditions import Precondition, read_if_match
from composer.rules.references import CompositionReference, read_reference
from queryflow.http.actor import CurrentActor

MOST_ITEMS = 200


async def _open_transaction(request: Request, actor: CurrentActor) -> AsyncIterator[Transaction]:
    composer: Composer = request.app.state.composer
    async with composer.transaction(actor) as transaction:
        yield transaction


async def _read_page_request(
    cursor: Annotated[str | None, Query(max_length=1000, description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS, description="How many items at most")] = 50,
) -> PageRequest:
    return PageRequest(after=read_cursor(cursor), limit=limit)


IfMatchHeader = Annotated[str | None, Header(alias="If-Match", description="The ETag of what you read; * for any")]


async def _demand_if_match(if_match: IfMatchHeader = None) -> Precondition:
    return read_if_match(if_match)


async def _accept_if_match(if_match: IfMatchHeader = None) -> Precondition:
    return read_if_match(if_match or "*")


async def _read_composition(composition: str) -> CompositionReference:
    return read_reference(composition)


async def _version_cache(request: Request) -> VersionCache:
    composer: Composer = request.app.state.composer
    return composer.version_cache


async def _offered_folders(request: Request) -> OfferedFolders:
    composer: Composer = request.app.state.composer
    return composer.offered


Offered = Annotated[OfferedFolders, Depends(_offered_folders)]
"""The folders that engine connections may read."""
Heads = Annotated[VersionCache, Depends(_version_cache)]
InTransaction = Annotated[Transaction, Depends(_open_transaction, scope="function")]
"""Of whoever sent the request; committed before the answer is sent."""
Paging = Annotated[PageRequest, Depends(_read_page_request)]
IfMatch = Annotated[Precondition, Depends(_demand_if_match)]
"""Demanded: without it the answer is 428, and 412 if the state has changed."""
IfMatchOrAny = Annotated[Precondition, Depends(_accept_if_match)]
"""Heeded where it is sent."""
CompositionPath = Annotated[CompositionReference, Depends(_read_composition)]
"""The path's `{composition}`: the `comp_…` text or the UUID."""
