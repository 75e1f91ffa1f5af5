"""Object keys: which are allowed. They are made of ids, so anything else is somebody's attempt to leave the store."""

import re

_PART = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.=-]*$")
LONGEST_KEY = 900


def parts_of(key: str) -> tuple[str, ...]:
    """The key's parts; ValueError unless it is parts of letters, digits and `_ . = -`, joined by single slashes."""
    parts = tuple(key.split("/"))
    if len(key) > LONGEST_KEY or not all(_PART.match(part) for part in parts):
        raise ValueError("an object key is made of letters, digits, _ . = and -, in parts joined by /")
    return parts
