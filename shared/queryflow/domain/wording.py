"""Words in sentences."""

_SAID = {"other": "a value of another kind", "unknown": "a value of an unknown kind"}
"""What is a kind's name and no noun."""


def with_article(word: str) -> str:
    """The word with its article: an integer, a date, an asin_list."""
    return _SAID.get(word) or f"{'an' if word[:1].lower() in set('aeiou') else 'a'} {word}"


def capitalized(words: str) -> str:
    """The words as a sentence begins; letters after the first stay as they are."""
    return words[:1].upper() + words[1:]
