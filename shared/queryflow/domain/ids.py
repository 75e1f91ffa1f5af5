"""The identifiers of the system, each its own type, and how they are made.

Execution ids are UUIDv7 (RFC 9562, section 5.7): their first 48 bits are the milliseconds since 1970, by which
`query_flow_executions` is partitioned. Ids of messages that must collide when repeated are derived (uuid5).
"""

import os
import uuid
from datetime import UTC, datetime, timedelta
from typing import NewType

ExecutionId = NewType("ExecutionId", uuid.UUID)
CompositionId = NewType("CompositionId", str)
"""The `comp_…` text, never the UUID of the row; of a single query that runs as a flow, `query_…`."""
TemplateId = NewType("TemplateId", str)
NodeId = NewType("NodeId", str)
ConnectionId = NewType("ConnectionId", str)
ParameterName = NewType("ParameterName", str)
ColumnName = NewType("ColumnName", str)
ScheduleId = NewType("ScheduleId", uuid.UUID)
WorkflowId = NewType("WorkflowId", uuid.UUID)
"""A saved single query."""
PersonId = NewType("PersonId", uuid.UUID)
MessageId = NewType("MessageId", uuid.UUID)
VersionHash = NewType("VersionHash", str)
"""The content hash of a frozen version: 64 lower-case hexadecimal digits (SHA-256)."""

COMPOSITION_ID_PATTERN = r"^comp_[a-z0-9_]+$"
FLOW_KEY_PATTERN = r"^(comp|query)_[a-z0-9_]+$"
"""What an execution runs: a composition, or a single query, which is a flow of one node."""
NODE_ID_PATTERN = r"^[a-z][a-z0-9_]{0,99}$"
TEMPLATE_ID_PATTERN = r"^[a-z0-9_]+$"

NAMESPACE = uuid.UUID("6f0d1c9e-52b4-5b0e-9d2b-8f6a3d1c7e40")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def uuid7(now: datetime) -> uuid.UUID:
    """A new UUIDv7 that sorts by `now` (aware), to the millisecond; the other 74 bits are random."""
    milliseconds = (now - EPOCH) // timedelta(milliseconds=1)
    return _uuid7(milliseconds, int.from_bytes(os.urandom(10), "big"))


def moment_of(identifier: uuid.UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond."""
    return EPOCH + timedelta(milliseconds=identifier.int >> 80)


def node_ready_id(execution: ExecutionId, node: NodeId, attempt: int) -> MessageId:
    """The id of the `node.ready` message of one attempt; saying it twice gives the same id."""
    return MessageId(uuid.uuid5(NAMESPACE, f"node.ready:{execution}:{node}:{attempt}"))


def schedule_fired_id(schedule: ScheduleId, fire_time: datetime) -> MessageId:
    """The id of the `schedule.fired` message of one due time; saying it twice gives the same id."""
    return MessageId(uuid.uuid5(NAMESPACE, f"schedule.fired:{schedule}:{fire_time.astimezone(UTC).isoformat()}"))


def due_time_key(schedule: ScheduleId, fire_time: datetime) -> str:
    """The key of the request by which one due time of a schedule is answered, once."""
    return f"schedule:{schedule}:{fire_time.astimezone(UTC).isoformat()}"


def _uuid7(milliseconds: int, random: int) -> uuid.UUID:
    version_and_random = 0x7000 | (random >> 64 & 0x0FFF)
    variant_and_random = (0b10 << 62) | (random & ((1 << 62) - 1))
    return uuid.UUID(int=milliseconds << 80 | version_and_random << 64 | variant_and_random)
