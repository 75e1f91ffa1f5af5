"""What other systems say to start a flow: a message to the queue `composer.flow-trigger`."""

import json

from pydantic import Field, JsonValue, field_validator

from queryflow.messages.event import Event, Name


class FlowTrigger(Event):
    """Run the composition with these values; a repeat with the same key starts nothing."""

    type = "flow.trigger"
    composition_id: Name
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    idempotency_key: str = Field(min_length=1, max_length=200)

    @field_validator("parameters")
    @classmethod
    def _demand_json(cls, parameters: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """NaN and infinities are no JSON; what reads messages takes them all the same."""
        json.dumps(parameters, allow_nan=False)
        return parameters
