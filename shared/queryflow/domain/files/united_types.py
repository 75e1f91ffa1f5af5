"""Which type holds the values of two, exactly. Pure; types are in DuckDB's words."""

import re
from collections.abc import Sequence

_INTEGERS = {
    **{
        name: (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        for name, bits in (("TINYINT", 8), ("SMALLINT", 16), ("INTEGER", 32), ("BIGINT", 64))
    },
    **{
        name: (0, 2**bits - 1) for name, bits in (("UTINYINT", 8), ("USMALLINT", 16), ("UINTEGER", 32), ("UBIGINT", 64))
    },
}
"""The least and the largest number, the narrower types first."""
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_MOST_DIGITS = 38
_MOST_NAMED = 5
"""Files in a notice."""
_NOTHING = {"NULL", '"NULL"'}
"""The type of a column that has no value in its file."""
_WIDER = {
    frozenset(pair): wider
    for *pair, wider in (
        ("FLOAT", "DOUBLE", "DOUBLE"),
        ("VARCHAR", "JSON", "VARCHAR"),
        ("DATE", "TIMESTAMP", "TIMESTAMP"),
        ("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_MS"),
        ("TIMESTAMP_S", "TIMESTAMP", "TIMESTAMP"),
        ("TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP"),
        ("TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_NS"),
        ("TIME", "TIME_NS", "TIME_NS"),
    )
}
WHOLE_IN_DOUBLE = 2**53
"""Up to here a DOUBLE holds every whole number."""


def united_type(one: str, other: str) -> str | None:
    """The narrowest type that holds what both hold; None if there is none. A BIGINT goes into a DOUBLE with a check."""
    if one == other or other in _NOTHING:
        return one
    if one in _NOTHING:
        return other
    if frozenset((one, other)) in _WIDER:
        return _WIDER[frozenset((one, other))]
    if one.endswith("[]") and other.endswith("[]"):
        inner = united_type(one[:-2], other[:-2])
        return inner and f"{inner}[]"
    return _united_number(one, other)


def needs_check(type_: str, united: str) -> bool:
    """Whether values of the type may be such as the united one cannot hold."""
    return united == "DOUBLE" and type_ in {"BIGINT", "UBIGINT"}


def _united_number(one: str, other: str) -> str | None:
    if one in _INTEGERS and other in _INTEGERS:
        least, most = min(_INTEGERS[one][0], _INTEGERS[other][0]), max(_INTEGERS[one][1], _INTEGERS[other][1])
        covering = (name for name, (low, high) in _INTEGERS.items() if low <= least and most <= high)
        return next(covering, "DECIMAL(20,0)")
    if {one, other} & {"FLOAT", "DOUBLE"}:
        return "DOUBLE" if {one, other} & _INTEGERS.keys() else None
    first, second = _digits(one), _digits(other)
    if first is None or second is None:
        return None
    whole, scale = max(first[0], second[0]), max(first[1], second[1])
    return f"DECIMAL({whole + scale},{scale})" if whole + scale <= _MOST_DIGITS else None


def _digits(type_: str) -> tuple[int, int] | None:
    """How many digits the type has before and after the point."""
    if type_ in _INTEGERS:
        return len(str(_INTEGERS[type_][1])), 0
    found = _DECIMAL.fullmatch(type_)
    return (int(found[1]) - int(found[2]), int(found[2])) if found else None


def lacking_notice(column: str, files: Sequence[str]) -> str:
    """What a person is told of a column that these files of a table lack."""
    names = ", ".join(files[:_MOST_NAMED]) + (" …" if len(files) > _MOST_NAMED else "")
    return f"{column} is NULL in the rows of {names}, which have no such column."
