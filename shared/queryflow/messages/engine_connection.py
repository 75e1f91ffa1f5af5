"""What happens to engine connections."""

from queryflow.messages.event import Event, Instant, Name, SmallNumber


class EngineConnectionCatalogueRequested(Event):
    """The tables of an engine connection are to be looked at: it is new, was changed, or somebody asked."""

    type = "engine_connection.catalogue_requested"
    connection: Name
    wanted: SmallNumber
    """Rises with each request; the row has the highest."""
    at: Instant
