"""All tables at once: importing this module fills `metadata`."""

from queryflow.schema import compositions, executions, messaging, schedules, status, templates
from queryflow.schema.base import metadata

AREAS = (templates, compositions, executions, schedules, messaging, status)
TABLES = tuple(sorted(metadata.tables))

__all__ = ["AREAS", "TABLES", "metadata"]
