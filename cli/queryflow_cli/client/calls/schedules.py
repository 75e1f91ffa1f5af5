"""Schedules."""

from queryflow_cli.client.calls.asking import Asking, Document, document_of, segment

PATH = "/api/schedules"


class ScheduleCalls(Asking):
    """What is asked about schedules."""

    async def schedules(self) -> list[Document]:
        """All schedules."""
        return [each async for each in self._pages(PATH)]

    async def create_schedule(self, definition: Document) -> Document:
        """Save a new schedule."""
        return document_of(await self._ask("POST", PATH, json=definition))

    async def switch_schedule(self, schedule_id: str, *, active: bool) -> Document:
        """Switch a schedule on or off."""
        return await self._change("PATCH", f"{PATH}/{segment(schedule_id)}", {"is_active": active}) or {}

    async def remove_schedule(self, schedule_id: str) -> None:
        """Remove a schedule; what it started stays."""
        await self._change("DELETE", f"{PATH}/{segment(schedule_id)}")
