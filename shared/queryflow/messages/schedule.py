"""Timed triggers."""

from uuid import UUID

from queryflow.messages.event import Event, Instant, Name


class ScheduleFired(Event):
    """A schedule's due time came; it runs a composition or a workflow, one of the two."""

    type = "schedule.fired"
    schedule_id: UUID
    fire_time: Instant
    composition_id: Name | None = None
    """What is to be run; or"""
    workflow_id: UUID | None = None
    """the saved query that is."""
