"""Heads that were looked over and frozen before: most executions run a flow that nobody changed since the last one."""

from collections import OrderedDict
from collections.abc import Mapping
from uuid import UUID

from composer.rules.freezing import Frozen
from queryflow.domain.flow.version import EngineConnection

MOST_NODES = 50_000
"""How many nodes are remembered in all, so that large flows do not fill the memory."""


class VersionCache:
    """Versions by composition and revision of its head; the least recently used go first."""

    def __init__(self, most_nodes: int = MOST_NODES) -> None:
        self._most_nodes = most_nodes
        self._nodes = 0
        self._versions: OrderedDict[tuple[UUID, int], Frozen] = OrderedDict()

    def recall(self, composition: UUID, revision: int, engines: Mapping[str, EngineConnection]) -> Frozen | None:
        """The head's version, if it is remembered and its engine connections are still what they were."""
        found = self._versions.get((composition, revision))
        if found is None or any(engines.get(name) != engine for name, engine in found.version.connections.items()):
            return None
        self._versions.move_to_end((composition, revision))
        return found

    def remember(self, composition: UUID, revision: int, frozen: Frozen) -> None:
        """Keep the version of that revision, which never changes."""
        replaced = self._versions.pop((composition, revision), None)
        self._nodes += _size(frozen) - (_size(replaced) if replaced else 0)
        self._versions[composition, revision] = frozen
        while self._nodes > self._most_nodes and len(self._versions) > 1:
            _, forgotten = self._versions.popitem(last=False)
            self._nodes -= _size(forgotten)


def _size(frozen: Frozen) -> int:
    return len(frozen.version.flow.nodes)
