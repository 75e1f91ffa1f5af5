"""Where a service keeps the messages it could not answer: a row each, with code and reason."""

from queryflow.bus.port import DeadLetter
from queryflow.db.pool import Pool

LONGEST_TYPE = 100
LONGEST_REASON = 4_000


class DeadLetterTable:
    """`<service>_dead_letters`: the first word on a message in a queue is kept, repeats change nothing."""

    def __init__(self, service: str, pool: Pool) -> None:
        self._pool = pool
        self._insert = INSERT.format(dead_letters=f"{service}_dead_letters")

    async def record(self, letter: DeadLetter) -> None:
        """Commit the letter; a repeat of the same (queue, message) changes nothing."""
        kind, reason = _storable(letter.type, LONGEST_TYPE), _storable(letter.reason, LONGEST_REASON)
        await self._pool.execute(self._insert, letter.queue, letter.message_id, kind, letter.body, letter.code, reason)


def _storable(text: str, longest: int) -> str:
    """What others sent, as a column takes it."""
    return text[:longest].replace("\x00", "").encode(errors="replace").decode()


INSERT = """
    INSERT INTO {dead_letters} (queue, message_id, type, body, code, reason) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (queue, message_id) DO NOTHING
"""
