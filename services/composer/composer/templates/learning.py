"""Learning the outputs of templates from their runs, which the executor's rows tell."""

from collections.abc import Collection, Iterator
from uuid import UUID

from composer.access.transaction import Transaction
from composer.repository import learnt_outputs as repository
from composer.repository.learnt_outputs import Told
from composer.rules.pinning import Pin
from queryflow.domain.flow.learning import is_open, learn
from queryflow.domain.flow.template import Dialect, Output
from queryflow.sql.checks.outputs import TO_AMC

MOST_LEARNT = 100


async def learn_outputs(transaction: Transaction, executions: Collection[UUID]) -> int:
    """Keep what executions that ended tell of their templates' columns; how many versions had something to tell.

    A version that ran to its end tells once. A template that the flow does not name by a version that is kept, as that
    of a single text, teaches nobody.
    """
    newest = await repository.unlearnt_of(transaction.connection, executions)
    if not newest:
        return 0
    told = await repository.read_told(transaction.connection, newest)
    learnt = {pin: (outputs, each.execution_id) for each in told for pin, outputs in _learnt(each)}
    for pin, (outputs, execution) in sorted(learnt.items()):
        await repository.keep_learnt(transaction.connection, pin, outputs, execution)
    await repository.mark_learnt(transaction.connection, {each.hash for each in told if each.succeeded})
    return len(told)


async def learn_missed(transaction: Transaction) -> int:
    """Learn from executions of which nobody told that they ended; how many versions that were."""
    lately = await repository.unlearnt_lately(transaction.connection, MOST_LEARNT)
    return await learn_outputs(transaction, lately) if lately else 0


def _learnt(told: Told) -> Iterator[tuple[Pin, tuple[Output, ...]]]:
    for node in told.version.flow.nodes:
        template, columns = told.version.template_of(node), told.columns.get(node.node_id)
        if columns is not None and is_open(template):
            words = [
                (name, TO_AMC.get(word, word) if template.dialect is Dialect.AMC else word) for name, word in columns
            ]
            yield (template.template_id, template.version), learn(template, words)
