"""What people did to compositions."""

from uuid import UUID

from queryflow.messages.event import Event, Instant


class CompositionChanged(Event):
    """The common fields; `version` is the content hash where there is one."""

    composition_id: str
    version: str | None = None
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
