"""What people did to compositions."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from queryflow.messages.event import Event, Instant, Name


class CompositionChanged(Event):
    """The common fields; `version` is the content hash where there is one."""

    composition_id: Name
    version: Annotated[Name, Field(max_length=64)] | None = None
    by: UUID
    at: Instant


class CompositionSaved(CompositionChanged):
    """The head was written."""

    type = "composition.saved"


class CompositionPublished(CompositionChanged):
    """The published pointer was moved to `version`."""

    type = "composition.published"


class CompositionDeleted(CompositionChanged):
    """The composition was taken out of use."""

    type = "composition.deleted"
