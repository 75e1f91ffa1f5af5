"""The columns of a row filter: which there are, and where what they hold can stand."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from queryflow.domain.errors import Problem
from queryflow.domain.flow.kinds import Kind
from queryflow.domain.suggestions import did_you_mean, listed
from queryflow.domain.wording import capitalized, with_article

Columns = Sequence[str] | Mapping[str, Kind]
"""The columns of the source, with what each holds where that is known."""


def column_problems(tree: exp.Expr, columns: Columns, path: str) -> list[Problem]:
    """Columns that the source does not have, and those whose kind does not fit where they stand."""
    return [*_unknown_columns(tree, columns, path), *_unfit_columns(tree, columns, path)]


def column_named(name: str, columns: Sequence[str]) -> str | None:
    """The column of that name; names are compared as DuckDB does, without case."""
    return next((each for each in columns if each.casefold() == name.casefold()), None)


def unknown_column(name: str, columns: Sequence[str], path: str) -> Problem:
    """The problem that the source has no such column, with the names that come near."""
    near = did_you_mean(name, columns, most=3)
    hint = f"{capitalized(near)}?" if near else f"It has {listed(columns)}."
    return Problem("UNKNOWN_COLUMN", path, f"The source has no column {name}. {hint}")


def _unknown_columns(tree: exp.Expr, columns: Columns, path: str) -> list[Problem]:
    named = dict.fromkeys(each.name for each in tree.find_all(exp.Column))
    return [unknown_column(name, list(columns), path) for name in named if column_named(name, list(columns)) is None]


def _unfit_columns(tree: exp.Expr, columns: Columns, path: str) -> list[Problem]:
    """Columns that stand for a condition and are none, and those that LIKE cannot read."""
    if not isinstance(columns, Mapping):
        return []
    found = []
    for node in tree.find_all(exp.Column):
        name = column_named(node.name, list(columns))
        kind = Kind.UNKNOWN if name is None else columns[name]
        sentence = _unfit_column(node, kind)
        if sentence is not None:
            found.append(Problem("WHERE_TYPE", path, f"{name} is {with_article(kind)}; {sentence}"))
    return found


def _unfit_column(node: exp.Column, kind: Kind) -> str | None:
    above = node.parent
    while isinstance(above, exp.Paren):
        above = above.parent
    if above is None or isinstance(above, exp.And | exp.Or | exp.Not):
        fits = kind in {Kind.BOOLEAN, Kind.UNKNOWN}
        return None if fits else f"alone it is no condition: compare it, as in {node.name} IS NOT NULL."
    likes = isinstance(above, exp.Like) and kind not in {Kind.STRING, Kind.UNKNOWN}
    return "LIKE reads text only; compare it with = or BETWEEN, or cast it in the template." if likes else None
