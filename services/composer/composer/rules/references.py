"""How addresses name a composition: by its `comp_…` text or by the UUID of its row. Pure."""

import re
from uuid import UUID

from queryflow.domain.errors import NotFound
from queryflow.domain.ids import COMPOSITION_ID_PATTERN, CompositionId

CompositionReference = CompositionId | UUID
LONGEST = 100


def read_reference(text: str) -> CompositionReference:
    """What the text names; NotFound where it can name nothing."""
    if len(text) <= LONGEST and re.fullmatch(COMPOSITION_ID_PATTERN, text):
        return CompositionId(text)
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(f"There is no composition {text[:LONGEST]}.") from None
