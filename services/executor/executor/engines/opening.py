"""Open what runs each engine of the catalogue."""

from collections.abc import Mapping
from pkgutil import resolve_name

from executor.engines.port import Engine, Tools
from queryflow.domain.errors import Refused
from queryflow.engines.catalogue import ENGINES
from queryflow.engines.kind import EngineKind


class EngineNotRunnable(Refused):
    """The catalogue has an engine that this executor cannot open."""

    code = "ENGINE_NOT_RUNNABLE"


def open_engines(tools: Tools, kinds: Mapping[str, EngineKind] = ENGINES) -> dict[str, Engine]:
    """Every engine by its name; EngineNotRunnable says which cannot be opened, and why."""
    return {name: _open(kind, tools) for name, kind in kinds.items()}


def _open(kind: EngineKind, tools: Tools) -> Engine:
    try:
        opener = resolve_name(kind.runs)
    except (ImportError, AttributeError, SyntaxError, TypeError, ValueError) as error:
        message = f"The engine {kind.name} cannot be opened: {kind.runs} cannot be imported ({error})."
        raise EngineNotRunnable(f"{message} Install its package here, too, or remove it everywhere.") from error
    engine: Engine = opener(tools)
    if engine.kind != kind:
        message = f"The engine {kind.name} cannot be opened: {kind.runs} opens {engine.kind.name}, with other facts."
        raise EngineNotRunnable(f"{message} Let it have the EngineKind that the catalogue has.")
    return engine
