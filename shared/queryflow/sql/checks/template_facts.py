"""What a template's SQL does with its lists: whether an empty one means everything, and whether one is negated."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from queryflow.domain.flow.template import Template
from queryflow.domain.ids import ParameterName
from queryflow.sql.reading.parsing import placeholder_name, statements

LENGTHS = (exp.Length, exp.ArraySize)
LENGTH_NAMES = frozenset({"CARDINALITY", "LIST_LENGTH"})
MEMBERSHIP_NAMES = frozenset({"CONTAINED_IN"})


@dataclass(frozen=True, slots=True)
class TemplateFacts:
    """Which of a template's parameters need a choice about emptiness."""

    empty_means_everything: frozenset[ParameterName]
    """An empty list switches its filter off: `… OR CARDINALITY(CUSTOM_PARAMETER('x')) = 0`, Amazon's own idiom."""
    negated: frozenset[ParameterName]
    """The list says what is left out: NOT IN, NOT ARRAY_CONTAINS."""


def template_facts(template: Template) -> TemplateFacts:
    """What the template's SQL does with its lists; Invalid if it cannot be parsed."""
    trees = statements(template.sql, template.dialect)
    everything = {name for tree in trees for name in _switched_off_when_empty(tree)}
    negated = {name for tree in trees for name in _negated(tree)}
    return TemplateFacts(frozenset(map(ParameterName, everything)), frozenset(map(ParameterName, negated)))


def _switched_off_when_empty(tree: exp.Expr) -> Iterator[str]:
    """The lists whose length is compared with nothing, as one side of an OR."""
    for comparison in tree.find_all(exp.EQ, exp.LT, exp.LTE):
        if comparison.find_ancestor(exp.Or) is None:
            continue
        if _is_number(comparison.expression, _nothing(comparison)):
            yield from _lengths(comparison.this)
        elif isinstance(comparison, exp.EQ) and _is_number(comparison.this, "0"):
            yield from _lengths(comparison.expression)


def _nothing(comparison: exp.Expr) -> str:
    """What a length below one is compared with: `= 0`, `<= 0`, `< 1`."""
    return "1" if isinstance(comparison, exp.LT) else "0"


def _lengths(node: exp.Expr) -> Iterator[str]:
    """The placeholders whose length the expression takes, COALESCE around it or not."""
    for call in node.find_all(*LENGTHS, exp.Anonymous):
        taken = _first_argument(call) if isinstance(call, exp.Anonymous) else call.this
        named = not isinstance(call, exp.Anonymous) or call.name.upper() in LENGTH_NAMES
        name = placeholder_name(taken)
        if named and name is not None:
            yield name


def _first_argument(call: exp.Expr) -> exp.Expr | None:
    return call.expressions[0] if call.expressions else None


def _is_number(node: exp.Expr | None, number: str) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and node.this == number


def _negated(tree: exp.Expr) -> Iterator[str]:
    for node in tree.find_all(exp.Anonymous):
        name = placeholder_name(node)
        if name is not None and (_all_differ(node) or (_is_searched(node) and _is_denied(node))):
            yield name


def _is_searched(node: exp.Expr) -> bool:
    """Whether the list is what something is looked for in, rather than measured or compared with NULL."""
    searched = node.find_ancestor(exp.In, exp.ArrayContains, exp.Any, exp.Explode, exp.Anonymous, exp.Is, *LENGTHS)
    if isinstance(searched, exp.Anonymous):
        return searched.name.upper() in MEMBERSHIP_NAMES
    return searched is not None and not isinstance(searched, exp.Is | exp.Length | exp.ArraySize)


def _is_denied(node: exp.Expr) -> bool:
    """Whether anything above turns the answer around; when in doubt, yes."""
    return any(_turns(above) for above in _ancestors(node))


def _turns(node: exp.Expr) -> bool:
    if isinstance(node, exp.Not | exp.Except):
        return True
    if isinstance(node, exp.EQ | exp.Is):
        return _is_boolean(node, truth=False)
    return isinstance(node, exp.NEQ) and _is_boolean(node, truth=True)


def _is_boolean(node: exp.Expr, *, truth: bool) -> bool:
    return any(isinstance(side, exp.Boolean) and side.this is truth for side in node.args.values())


def _all_differ(node: exp.Expr) -> bool:
    """`column <> ALL({{list}})`."""
    above = node.parent
    while isinstance(above, exp.Paren):
        above = above.parent
    every = isinstance(above, exp.All) or (isinstance(above, exp.Anonymous) and above.name.upper() == "ALL")
    return every and above is not None and isinstance(above.parent, exp.NEQ)


def _ancestors(node: exp.Expr) -> Iterator[exp.Expr]:
    above = node.parent
    while above is not None:
        yield above
        above = above.parent
