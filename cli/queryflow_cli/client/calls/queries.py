"""Single queries: a SQL text, a template, or a saved query. Each runs as a flow of one node."""

from queryflow_cli.client.calls.asking import Asking, Document, document_of, segment

WORKFLOWS = "/api/workflows"


class QueryCalls(Asking):
    """What is asked about single queries; those that start one answer as the execution of a flow does."""

    async def run_query(self, document: Document) -> Document:
        """Run a SQL text."""
        return document_of(await self._ask("POST", "/api/queries", json=document))

    async def run_template(self, template_id: str, options: Document) -> Document:
        """Run a template."""
        return document_of(await self._ask("POST", f"/api/templates/{segment(template_id)}/run", json=options))

    async def workflows(self) -> list[Document]:
        """All saved queries."""
        return [each async for each in self._pages(WORKFLOWS)]

    async def workflow(self, workflow_id: str) -> Document:
        """A saved query."""
        return await self._get(f"{WORKFLOWS}/{segment(workflow_id)}")

    async def create_workflow(self, document: Document) -> Document:
        """Save a query, to run it by its id; answers with the problems it has."""
        return document_of(await self._ask("POST", WORKFLOWS, json=document))

    async def run_workflow(self, workflow_id: str, options: Document) -> Document:
        """Run a saved query."""
        return document_of(await self._ask("POST", f"{WORKFLOWS}/{segment(workflow_id)}/execute", json=options))

    async def remove_workflow(self, workflow_id: str) -> None:
        """Remove a saved query; what it ran stays."""
        await self._change("DELETE", f"{WORKFLOWS}/{segment(workflow_id)}")
