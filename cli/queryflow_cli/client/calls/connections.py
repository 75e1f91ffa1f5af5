"""Engine connections and what their folders hold."""

from queryflow_cli.client.calls.asking import Asking, Document, document_of, segment

PATH = "/api/engine-connections"


class ConnectionCalls(Asking):
    """What is asked about engine connections."""

    async def connections(self) -> list[Document]:
        """All engine connections."""
        return list((await self._get(PATH))["items"])

    async def connection(self, name: str) -> Document:
        """An engine connection with its settings."""
        return await self._get(f"{PATH}/{segment(name)}")

    async def save_connection(self, document: Document) -> Document:
        """Make an engine connection, or have it read another folder."""
        return await self._save(PATH, str(document["name"]), document)

    async def remove_connection(self, name: str) -> None:
        """Remove an engine connection that nothing uses; its folder stays as it is."""
        await self._change("DELETE", f"{PATH}/{segment(name)}")

    async def catalogue(self, name: str) -> Document:
        """The tables of an engine connection as they were seen last; the state says whether somebody looks now."""
        return await self._get(f"{PATH}/{segment(name)}/catalogue")

    async def look_again(self, name: str) -> Document:
        """Have somebody look at the tables again."""
        return document_of(await self._ask("POST", f"{PATH}/{segment(name)}/catalogue"))
