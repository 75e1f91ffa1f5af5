"""Plain values become YAML text that YAML 1.1 and 1.2 readers read alike.

What fits on a line stands on one (`top: {template: campaign_outcomes}`), texts of several lines are literal blocks, and
every string that some reader would take for something else is quoted. The library's emitter would need a wrapper object
for each of these choices and takes seconds for a large flow; this one is proven by reading back what it writes.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from queryflow.domain.storable import MOST_WORDS

WIDEST = 120
PLAIN = re.compile(r"[^\W\d]([\w ./@+-]*[\w./@+-])?")
MISREAD = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"})
"""Words that a YAML 1.1 reader, or a careless one, takes for a boolean, null or number."""
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def write_yaml(document: Mapping[str, Any]) -> str:
    """The document as text, a key a line at the top; as JSON, which is YAML too, where it would be too much to read."""
    if _words(document) > MOST_WORDS:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"
    return "".join(f"{line}\n" for line in _mapping_lines(document, ""))


def _words(value: Any) -> int:
    """How many keys, values, lists and mappings there are."""
    if isinstance(value, Mapping):
        return 1 + len(value) + sum(map(_words, value.values()))
    return 1 + sum(map(_words, value)) if isinstance(value, list) else 1


def _mapping_lines(mapping: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in mapping.items():
        yield from _entry_lines(f"{indent}{_scalar(key)}:", value, indent + "  ")


def _entry_lines(head: str, value: Any, indent: str) -> Iterator[str]:
    """What stands at `head` (a key, or the dash of an item): on its line if it fits, else below it at `indent`."""
    if isinstance(value, str) and _is_literal(value):
        yield f"{head} {_literal_head(value)}"
        yield from (f"{indent}{line}" if line else "" for line in value.removesuffix("\n").split("\n"))
        return
    inline = _inline(value)
    if not isinstance(value, dict | list) or not value or len(head) + len(inline) < WIDEST:
        yield f"{head} {inline}"
        return
    yield head
    if isinstance(value, dict):
        yield from _mapping_lines(value, indent)
    else:
        for item in value:
            yield from _item_lines(item, indent)


def _item_lines(item: Any, indent: str) -> Iterator[str]:
    """An item of a list; a mapping begins on the line of its dash."""
    lines = _entry_lines(f"{indent}-", item, indent + "  ")
    first = next(lines)
    if first == f"{indent}-" and isinstance(item, dict):
        first = f"{indent}- {next(lines).lstrip()}"
    yield first
    yield from lines


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_scalar(key)}: {_inline(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value if PLAIN.fullmatch(value) and value.lower() not in MISREAD else _quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    mantissa, e, exponent = str(value).partition("e")
    return f"{mantissa}{'.0' if e and '.' not in mantissa else ''}{e}{exponent}"  # YAML 1.1 wants a point before the e


def _quoted(text: str) -> str:
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_literal(text: str) -> bool:
    """Whether a block holds the text: several lines, nothing a reader would strip or refuse."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and bool(lines[0].strip())
        and all(character.isprintable() or character in "\n\t" for character in text)
    )


def _literal_head(text: str) -> str:
    """How the block says where its text begins (after two spaces, if it begins with some) and how it ends."""
    indentation = "2" if text[0] in " \t" else ""
    ending = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") else ""
    return f"|{indentation}{ending}"
