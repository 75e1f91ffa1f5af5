"""Templates."""

from queryflow_cli.client.calls.asking import Asking, Document, segment

PATH = "/api/templates"


class TemplateCalls(Asking):
    """What is asked about templates."""

    async def templates(self) -> list[Document]:
        """All templates, without their SQL."""
        return [each async for each in self._pages(PATH)]

    async def template_ids(self) -> set[str]:
        """The ids of all templates."""
        return {str(each["template_id"]) for each in await self.templates()}

    async def create_template(self, document: Document) -> None:
        """Save a new template."""
        await self._ask("POST", PATH, json=document)

    async def save_template(self, document: Document) -> Document:
        """Save a template, new or as a new version; answers with the problems it has."""
        return await self._save(PATH, str(document["template_id"]), document)

    async def template(self, template_id: str) -> Document:
        """A template's newest version."""
        return await self._get(f"{PATH}/{segment(template_id)}")
