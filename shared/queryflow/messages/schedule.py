"""Timed triggers."""

from uuid import UUID

from queryflow.messages.event import Event, Instant, Name


class ScheduleFired(Event):
    """A schedule's due time came."""

    type = "schedule.fired"
    schedule_id: UUID
    fire_time: Instant
    composition_id: Name
