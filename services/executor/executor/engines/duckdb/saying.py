"""Messages of the sandbox in the words of the person: its files have their own names."""

import re
from collections.abc import Mapping

from executor.engines.port import EngineFailure
from queryflow.sandbox.jobs.job import INPUTS, JobFailed

_INNER = re.compile(rf"{INPUTS}/(?:tables|look|lists)/[^\s\"'\],;()]+")


def failure_of(failure: JobFailed, shown: Mapping[str, str]) -> EngineFailure:
    """The failure in the words of the person."""
    if failure.unread is not None and failure.unread in shown:
        message = failure.message.replace("An input of the query", shown[failure.unread])
        return EngineFailure(failure.kind, message)
    return EngineFailure(failure.kind, said(failure.message, shown))


def said(message: str, shown: Mapping[str, str]) -> str:
    """The message with the person's name of each file; a pattern becomes the table's folder."""

    def name(found: re.Match[str]) -> str:
        word = found[0].rstrip(".:")
        if word in shown:
            return shown[word] + found[0][len(word) :]
        above = word.partition("*")[0].rstrip("/") + "/"
        known = next((each for inner, each in shown.items() if inner.startswith(above)), None)
        folder = known.rpartition("/")[0] if known else "the files"
        return (folder or known or "") + found[0][len(word) :]

    return _INNER.sub(name, message)
