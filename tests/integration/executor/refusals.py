"""A database that refuses some changes of node rows, as one does that a bug has left wrong counts in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.integration.executor.rig import Rig

REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'refused by the test';
END $$;
CREATE TRIGGER refused BEFORE UPDATE ON workflow_executions FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse();
"""
ALLOW = "DROP TRIGGER refused ON workflow_executions; DROP FUNCTION refuse();"


@asynccontextmanager
async def refused(rig: Rig, condition: str) -> AsyncIterator[None]:
    """Refuse changes for which the condition on OLD and NEW holds, until the block ends."""
    await rig.owner.execute(REFUSE.format(condition=condition))
    yield
    await rig.owner.execute(ALLOW)
