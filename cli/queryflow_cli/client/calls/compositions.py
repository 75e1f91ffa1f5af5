"""Compositions."""

from queryflow_cli.client.calls.asking import Asking, Document, document_of, segment

PATH = "/api/compositions"
YAML = "application/yaml"


class CompositionCalls(Asking):
    """What is asked about compositions."""

    async def composition_ids(self) -> set[str]:
        """The ids of all compositions in use."""
        return {str(each["composition_id"]) async for each in self._pages(PATH)}

    async def save_composition(self, document: Document) -> Document:
        """Write the head of a composition, new or not; answers with the problems it has."""
        return await self._save(PATH, str(document["composition_id"]), document)

    async def combine(self, document: Document) -> Document:
        """Make a composition of templates that share values; answers as saving one does."""
        return document_of(await self._ask("POST", "/api/combinations", json=document))

    async def composition(self, composition_id: str) -> Document:
        """The head of a composition as a flow document."""
        return await self._get(f"{PATH}/{segment(composition_id)}")

    async def composition_file(self, composition_id: str) -> str:
        """A composition as a flow file."""
        answer = await self._ask("GET", f"{PATH}/{segment(composition_id)}", headers={"Accept": YAML})
        return answer.text

    async def problems(self, composition_id: str) -> list[Document]:
        """Everything that is wrong with the head of a composition."""
        answer = document_of(await self._ask("POST", f"{PATH}/{segment(composition_id)}/validate"))
        return list(answer["problems"])

    async def publish(self, composition_id: str) -> str:
        """Publish the head of a composition as it is now; answers with the version."""
        path = f"{PATH}/{segment(composition_id)}"
        present = await self._ask("GET", path)
        headers = {"If-Match": present.headers["etag"]}
        return str(document_of(await self._ask("POST", f"{path}/publish", headers=headers))["version"])

    async def execute(self, composition_id: str, options: Document, idempotency_key: str | None = None) -> str:
        """Start an execution; answers with its id."""
        return str((await self.accept(composition_id, options, idempotency_key))["execution_id"])

    async def accept(self, composition_id: str, options: Document, idempotency_key: str | None = None) -> Document:
        """Start an execution; answers with its id and the version it runs."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        path = f"{PATH}/{segment(composition_id)}/execute"
        return document_of(await self._ask("POST", path, json=options, headers=headers))
