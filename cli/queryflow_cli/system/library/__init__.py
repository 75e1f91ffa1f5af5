"""The shipped templates and flows, as files."""

from collections.abc import Iterator
from importlib.resources import files


def template_texts() -> Iterator[str]:
    """The text of each shipped template file, by name."""
    return _texts("templates")


def flow_texts() -> Iterator[str]:
    """The text of each shipped flow file, by name."""
    return _texts("flows")


def _texts(folder: str) -> Iterator[str]:
    for entry in sorted(files(__name__).joinpath(folder).iterdir(), key=lambda each: each.name):
        if entry.name.endswith(".yaml"):
            yield entry.read_text(encoding="utf-8")
