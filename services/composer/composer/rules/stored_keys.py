"""What answers add to a document, which may be sent back with it. Pure."""

from collections.abc import Collection


def without_keys(document: object, keys: Collection[str]) -> object:
    """The document without these keys, which are not read; what is no object stays as it is."""
    if not isinstance(document, dict):
        return document
    return {key: value for key, value in document.items() if key not in keys}
