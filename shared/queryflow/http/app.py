"""The HTTP app of a service: its routes behind the guard, one shape for every error, health and metrics."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from queryflow import __version__
from queryflow.http.errors import ErrorBody, install_error_shapes
from queryflow.http.guard import Guard, token_demand
from queryflow.http.query import refuse_unknown_query
from queryflow.http.repeating_route import RepeatingRoute
from queryflow.process.settings import ServiceSettings

Readiness = Callable[[], Awaitable[Mapping[str, bool]]]
"""What must be true before requests are sent here, by name: `{"database": True, "bus": False}`."""


def new_router(prefix: str, tag: str) -> APIRouter:
    """A router whose operations are named in OpenAPI as their functions are in the code."""
    return APIRouter(
        prefix=prefix, tags=[tag], generate_unique_id_function=_function_name, route_class=RepeatingRoute
    )  # fmt: skip


def create_app(name: str, settings: ServiceSettings, *, routers: Sequence[APIRouter], readiness: Readiness) -> FastAPI:
    """The app of the service `name`; every route but the two health probes demands the token where one is set.

    An address is written in one way: one slash more is another address, and nothing is there.
    """
    app = FastAPI(
        title=f"QueryFlow {name}", version=__version__,
        docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False,
        responses={"default": {"model": ErrorBody, "description": "Refused, or not possible now"}},
    )  # fmt: skip
    demand = [Depends(token_demand(settings))]
    for router in routers:
        app.include_router(router, dependencies=[*demand, Depends(refuse_unknown_query)])
    app.include_router(_insight_router(app), dependencies=demand)
    app.include_router(_health_router(readiness))
    install_error_shapes(app)
    app.add_middleware(Guard, service=name, on_loopback=settings.on_loopback)
    return app


def _function_name(route: APIRoute) -> str:
    return route.name


def _health_router(readiness: Readiness) -> APIRouter:
    router = APIRouter(prefix="/health", include_in_schema=False)

    @router.get("/live")
    async def live() -> dict[str, bool]:
        """The process answers; it asks nobody else, so that a broker's restart restarts nothing here."""
        return {"live": True}

    @router.get("/ready")
    async def ready() -> JSONResponse:
        """200 when everything the service needs is there, else 503; the body names what is missing."""
        parts = await readiness()
        return JSONResponse(dict(parts), status_code=200 if all(parts.values()) else 503)

    return router


def _insight_router(app: FastAPI) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json")
    async def document() -> JSONResponse:
        """What the service offers, as OpenAPI."""
        return JSONResponse(app.openapi())

    @router.get("/metrics")
    async def metrics() -> Response:
        """The counters of the process, in Prometheus' text format."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
