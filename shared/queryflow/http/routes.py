"""Which service answers which path: the one table behind the gateway of `up` and the proxy of the compose file."""

from dataclasses import dataclass

READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Route:
    """Requests of these methods (None: all) below a path go to that service."""

    path: str
    methods: frozenset[str] | None
    service: str


ROUTES = (
    Route("/api/executions", READING, "status"),
    Route("/api/status", READING, "status"),
    Route("/api/operations", READING, "status"),
    Route("/api", None, "composer"),
)
"""The first that matches wins."""


def service_for(method: str, path: str) -> str | None:
    """The service that answers; None where nobody does."""
    for route in ROUTES:
        below = path == route.path or path.startswith(route.path + "/")
        if below and (route.methods is None or method in route.methods):
            return route.service
    return None
