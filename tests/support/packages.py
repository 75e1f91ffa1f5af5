"""Packages of others that bring an engine, installed in a folder."""

from pathlib import Path

KIND = """
from queryflow.domain.flow.template import Dialect
from queryflow.engines.kind import Capacity, EngineKind
from queryflow.sql.notation import POSTGRESQL_SQL

{constant} = EngineKind(
    name="{name}",
    dialects=frozenset({{Dialect.POSTGRESQL}}),
    notation=POSTGRESQL_SQL,
    capacity=Capacity(places=None, attempts=50),
    runs="{package}.engine:open_engine",
)
"""
ENGINE = """
from executor.engines.port import Produced
from {package}.kind import {constant}
from queryflow.sql.writing.render import render


class Engine:
    kind = {constant}

    async def run(self, work):
        return Produced(None, 7, (), render(work.template, work.values, work.window, self.kind.notation))


def open_engine(tools):
    return Engine()
"""


def install(folder: Path, name: str, *, package: str = "toy_engine", leads_to: str | None = None) -> None:
    """A package with an engine of that name, and the entry point by which it joins."""
    words = {"name": name, "package": package, "constant": "KIND"}
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").write_text("")
    (folder / package / "kind.py").write_text(KIND.format(**words))
    (folder / package / "engine.py").write_text(ENGINE.format(**words))
    facts = folder / f"{package}-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(f"[queryflow.engines]\n{leads_to or f'{name} = {package}.kind:KIND'}\n")
