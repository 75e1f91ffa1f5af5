"""What the options of a binding mean together. A frozen version keeps the meaning it was frozen with."""

from enum import IntEnum

from queryflow.domain.flow.flow import Binding, Reduce

COUNTING = frozenset({Reduce.SUM, Reduce.AVG, Reduce.COUNT})
"""What uses every row, so that equal values count as often as they occur."""


class Semantics(IntEnum):
    """The number that stands in a version's document."""

    CAST_LAST = 1
    """where → nulls → order_by → distinct → take → max_items → reduce → cast; every reduce sees each value once."""
    CAST_FIRST = 2
    """where → cast → nulls → order_by → distinct → take → max_items → reduce; sum, avg and count use every row."""


NEWEST = Semantics.CAST_FIRST
"""What a flow means that is frozen now."""


def is_distinct(binding: Binding, semantics: Semantics) -> bool:
    """Whether the binding keeps each value once: as it says, else as is usual for its reduce."""
    if binding.distinct is not None:
        return binding.distinct
    return semantics is Semantics.CAST_LAST or binding.reduce not in COUNTING
