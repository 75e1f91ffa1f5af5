"""Nobody reads or writes without an actor: composer and status open the database for somebody, or not at all."""

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from composer.access.transaction import Transaction
from composer.process.composer import Composer
from queryflow.access.actor import LOCAL, LOCAL_MESSAGE, LOCAL_SCHEDULE, SYSTEM, Actor, ActorKind
from queryflow.domain.ids import PersonId
from queryflow.schema.people import LOCAL_PERSON
from status.access.connections import Reader, Writer
from status.process.status import Status

SERVICES = Path(__file__).resolve().parents[2] / "services"
DRIVERS = {"sqlalchemy.ext.asyncio", "asyncpg", "queryflow.db.pool"}
"""Where the types come from that reach the database and do not say for whom."""
OPENERS = {"acquire", "begin", "begin_nested", "connect"}
SHARED = {"queryflow.db.transaction", "queryflow.db.pool.open_engine", "queryflow.db.pool.open_pool"}
"""What opens the database for whoever asks."""


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """Everything above the repositories, except where a service opens its database for an actor."""
    for service in ("composer", "status"):
        root = SERVICES / service / service
        apart = {root / "app.py", root / "process" / f"{service}.py"}
        for path in sorted(root.rglob("*.py")):
            if path not in apart and path.relative_to(root).parts[0] not in {"repository", "access"}:
                yield path, ast.parse(path.read_text())


def faults(tree: ast.AST) -> Iterator[str]:
    """Each place where the database is opened or handed on and nobody says for whom."""
    bare = set(imported(tree))
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                taken = {name for argument in arguments(node) for name in names(argument.annotation)}
                if taken & bare and "Actor" not in taken:
                    yield f"{node.lineno}: {node.name} takes {taken & bare} and no actor"
            case ast.Call(func=ast.Attribute(attr=name)) if name in OPENERS:
                yield f"{node.lineno}: {name}() asks nobody who acts"
            case ast.Attribute(attr="pool") | ast.Attribute(value=ast.Attribute(attr="engine")):
                yield f"{node.lineno}: the service's own database is touched"
            case ast.ImportFrom(module=module, names=wanted):
                if found := {f"{module}.{each.name}" for each in wanted} & SHARED or {module} & SHARED:
                    yield f"{node.lineno}: {found} is imported"


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in DRIVERS:
            yield from (each.asname or each.name for each in node.names)


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def names(annotation: ast.expr | None) -> set[str]:
    return set() if annotation is None else {each.id for each in ast.walk(annotation) if isinstance(each, ast.Name)}


def test_no_use_case_opens_the_database_without_an_actor() -> None:
    found = list(sources())
    assert len(found) > 60
    assert not [f"{path.relative_to(SERVICES)}:{fault}" for path, tree in found for fault in faults(tree)]


@pytest.mark.parametrize(
    "line",
    [
        "from sqlalchemy.ext.asyncio import AsyncConnection\nasync def read(connection: AsyncConnection): ...",
        "from queryflow.db.pool import Pool\ndef each(*, given: Pool | None = None): ...",
        "async with status.engine.begin() as connection: ...",
        "await status.pool.execute(SQL)",
        "from queryflow.db.transaction import transaction",
        "from queryflow.db import transaction",
        "from queryflow.db.pool import open_engine",
    ],
)
def test_each_way_around_is_found(line: str) -> None:
    assert list(faults(ast.parse(f"async def usecase():\n{textwrap.indent(line, '    ')}")))


def test_who_hands_a_connection_on_with_its_actor_is_not_found() -> None:
    source = "from queryflow.db.pool import Connection\nasync def put(connection: Connection, actor: Actor): ..."
    assert not list(faults(ast.parse(source)))


@pytest.mark.parametrize(
    "opens", [Composer.transaction, Composer.commit, Status.reader, Status.writer], ids=lambda opens: opens.__qualname__
)
def test_every_opener_demands_an_actor(opens: Callable[..., Any]) -> None:
    asked = inspect.signature(opens).parameters["actor"]
    assert (asked.annotation, asked.default) == (Actor, inspect.Parameter.empty)


@pytest.mark.parametrize("carrier", [Transaction, Reader, Writer])
def test_what_use_cases_work_with_says_who_acts(carrier: type[Any]) -> None:
    (actor,) = (field for field in dataclasses.fields(carrier) if field.name == "actor")
    assert (actor.type, actor.default) == (Actor, dataclasses.MISSING)


def test_everything_runs_as_the_one_person_there_is() -> None:
    assert {each.person for each in (LOCAL, LOCAL_MESSAGE, LOCAL_SCHEDULE)} == {LOCAL_PERSON}
    assert {each.kind for each in (LOCAL, LOCAL_MESSAGE, LOCAL_SCHEDULE, SYSTEM)} == set(ActorKind)


def test_the_system_writes_in_nobodys_name() -> None:
    with pytest.raises(ValueError, match="nothing in a person's name"):
        _ = SYSTEM.person


@pytest.mark.parametrize(("kind", "account"), [(ActorKind.PERSON, None), (ActorKind.SYSTEM, PersonId(UUID(int=1)))])
def test_an_actor_that_cannot_be_is_refused(kind: ActorKind, account: PersonId | None) -> None:
    with pytest.raises(ValueError, match="cannot act as"):
        Actor(kind, account)
