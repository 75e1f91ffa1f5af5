"""A node may be claimed."""

from uuid import UUID

from queryflow.messages.event import Event, Name, SmallNumber


class NodeReady(Event):
    """An attempt of a node is ready for an executor of that engine; a hint, the row is the truth."""

    type = "node.ready"
    execution_id: UUID
    node_id: Name
    attempt: SmallNumber
    engine: Name

    @property
    def routing_key(self) -> str:
        """One queue per engine."""
        return f"{self.type}.{self.engine}"
