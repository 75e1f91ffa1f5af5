"""What other systems say to start a flow: a message to the queue `composer.flow-trigger`."""

from pydantic import Field, JsonValue

from queryflow.messages.event import Event, Name


class FlowTrigger(Event):
    """Run the composition with these values; a repeat with the same key starts nothing."""

    type = "flow.trigger"
    composition_id: Name
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    idempotency_key: str = Field(min_length=1, max_length=200)
