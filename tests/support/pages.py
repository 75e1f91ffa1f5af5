"""The blocks of a page of the documentation: files to write, commands to type, and what they answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(?P<words>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`(?P<name>[^`\n]+)`:\n\n\Z")


@dataclass(frozen=True)
class Block:
    """A block of a page: what it is marked as, its text, and the file it stands for if it is one."""

    words: str
    text: str
    file: str | None


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of the page, in their order."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        named = FILE.search(text[: found.start()])
        yield Block(found["words"], found["text"], named["name"] if named else None)


def plain(text: str) -> str:
    """The text with single blanks and without what draws tables."""
    return re.sub(r"[ \t]+", " ", text)
