"""Which state of a thing a change is based on: entity tags and If-Match (RFC 9110, section 13.1.1). Pure."""

from dataclasses import dataclass

from queryflow.domain.errors import PreconditionRequired, Stale


@dataclass(frozen=True, slots=True)
class Precondition:
    """The entity tags that a change accepts; None accepts every state there is."""

    tags: frozenset[str] | None

    def demand(self, revision: int) -> None:
        """Raise Stale unless the thing is in a state the change was based on."""
        if self.tags is not None and entity_tag(revision) not in self.tags:
            raise Stale("It was changed since you read it; read it again and repeat your change on top.")


def entity_tag(revision: int) -> str:
    """The strong entity tag of a revision."""
    return f'"{revision}"'


def read_if_match(header: str | None) -> Precondition:
    """What the header says; without one, PreconditionRequired."""
    if header is None:
        raise PreconditionRequired("Say which state your change is based on: send the ETag you read as If-Match.")
    tags = frozenset(tag.strip() for tag in header.split(","))
    return Precondition(None if "*" in tags else tags)
