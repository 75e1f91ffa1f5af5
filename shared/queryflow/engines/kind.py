"""What an engine is, as far as anybody but itself needs to know."""

from dataclasses import dataclass

from queryflow.domain.flow.template import Dialect
from queryflow.sql.notation import Notation


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much runs at once: on one engine connection, and from one executor."""

    places: int | None
    """How many queries run on a new engine connection at once, whoever runs them; None is no limit."""
    attempts: int | None = None
    """How many attempts one executor carries at once of an engine that runs queries elsewhere, where they cost the
    executor nothing but waiting. None: its queries run on the executor's machine, and share the processors with those
    of every other such engine."""

    def __post_init__(self) -> None:
        """Refuse what nothing could ever run on."""
        if any(figure is not None and figure < 1 for figure in (self.places, self.attempts)):
            raise ValueError("a capacity is at least 1")


@dataclass(frozen=True, slots=True)
class EngineKind:
    """An engine's facts."""

    name: str
    """The word of its connections, of its queue, and the one that ends the routing key of `node.ready`."""
    dialects: frozenset[Dialect]
    """The templates it runs."""
    notation: Notation
    """Its types and literals."""
    capacity: Capacity
    runs: str
    """Where the executor finds what opens it, as `module:function`; nobody else imports that."""
    instant: bool = False
    """Whether a query is done at once and does nothing outside of the process: such nodes are claimed and ended
    together."""
    written_items: int = 1_000
    """Longer lists of a binding are not written into the SQL: the engine gets them as files."""
    offered: bool = True
    """Whether people see its connections."""
