"""What the composer tidies up by itself."""

import structlog

from composer.process.composer import Composer
from composer.repository.executions import forget_requests
from composer.templates.learning import learn_missed
from queryflow.access.actor import SYSTEM
from queryflow.schema.executions import REQUESTS_KEPT

log = structlog.get_logger()

MOST_AT_ONCE = 1_000
SWEEP_SECONDS = 3_600.0


async def learn_what_was_missed(composer: Composer) -> None:
    """Learn the outputs of templates from runs whose end was not heard."""
    async with composer.transaction(SYSTEM) as transaction:
        learnt = await learn_missed(transaction)
    if learnt:
        log.info("Outputs were learnt from runs whose end was not heard", action="outputs.learnt", versions=learnt)


async def forget_old_requests(composer: Composer) -> None:
    """Delete the requests that are older than they are kept, in short transactions."""
    forgotten = 0
    while True:
        async with composer.transaction(SYSTEM) as transaction:
            deleted = await forget_requests(transaction.connection, REQUESTS_KEPT, MOST_AT_ONCE)
        forgotten += deleted
        if deleted < MOST_AT_ONCE:
            break
    if forgotten:
        log.info("Old requests were forgotten", action="requests.forgotten", count=forgotten)
