"""Why a process ended, by what it said last."""

import json
from pathlib import Path


def last_words(log: Path) -> str:
    """Why a service ended, by the last line of its log: the end of an exception, or a sentence."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    try:
        said = json.loads(lines[-1])
        words = str(said.get("exception") or said["event"]).splitlines()[-1]
    except (IndexError, ValueError, TypeError, KeyError, AttributeError):
        words = lines[-1] if lines else "it said nothing"
    return words.rstrip(".") + "."
