"""What texts and documents may be, the same at every door: files, requests, values, literals."""

MOST_BYTES = 2 * 1024 * 1024
"""The largest document, as a file or as the body of a request."""
MOST_WORDS = 100_000
"""Keys, values, lists and mappings of one document in YAML, which takes a second or two to read; JSON may have more."""
MOST_DEPTH = 64
"""How deep objects and lists of a document may be nested."""


def is_storable(text: str) -> bool:
    """Whether every engine and every writer of UTF-8 takes the text: no NUL, no half of a surrogate pair."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
