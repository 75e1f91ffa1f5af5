"""Whether a request comes from this machine's own programs and pages, as far as a browser tells. Pure."""

import re

from starlette.datastructures import Headers

from queryflow.domain.errors import NotAllowed

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL = r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?"
_HOST = re.compile(_LOCAL, re.IGNORECASE)
_ORIGIN = re.compile("https?://" + _LOCAL, re.IGNORECASE)


def check_origin(headers: Headers, method: str) -> None:
    """Refuse what another site sends through a browser on this machine, and names that only pretend to be local.

    A header is taken as a whole or not at all: no part of it is searched for a name, and it is sent once.
    """
    if not _is_one(headers.getlist("host"), _HOST):
        raise NotAllowed("Only the names 127.0.0.1, localhost and [::1] lead here.", code="HOST_NOT_ALLOWED")
    origins = headers.getlist("origin")
    if origins and not _is_one(origins, _ORIGIN):
        raise NotAllowed("Pages of other sites may not speak to this service.", code="ORIGIN_NOT_ALLOWED")
    followed_a_link = method in SAFE_METHODS and headers.get("sec-fetch-mode") == "navigate"
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"} and not followed_a_link:
        raise NotAllowed("Pages of other sites may not speak to this service.", code="ORIGIN_NOT_ALLOWED")


def _is_one(values: list[str], form: re.Pattern[str]) -> bool:
    return len(values) == 1 and form.fullmatch(values[0]) is not None
