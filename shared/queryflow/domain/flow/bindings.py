"""Whether a column can feed a parameter, and what an empty input means."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from queryflow.domain.errors import Fix, Problem, Severity
from queryflow.domain.flow.flow import Binding, Cast, OnEmpty, Reduce
from queryflow.domain.flow.kinds import NUMERIC, PARAMETER_KINDS, Kind, bound_kind, column_kind, fits
from queryflow.domain.flow.semantics import COUNTING, NEWEST, Semantics
from queryflow.domain.flow.template import Template
from queryflow.domain.ids import ParameterName
from queryflow.domain.suggestions import listed, suggest
from queryflow.domain.values.parameters import EmptyPolicy, Parameter, Values
from queryflow.domain.wording import with_article

OFFERED = (Reduce.FIRST, Reduce.ONLY, Reduce.MAX)
"""What is offered where many rows would have to become one value."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A binding with its two ends: the template whose column it reads and the parameter it sets."""

    binding: Binding
    parameter: Parameter
    source: Template
    one_row: bool = False
    """Whether the source provably yields one row at most."""
    semantics: Semantics = NEWEST

    @property
    def column(self) -> Kind:
        """The kind of the column; unknown where the source does not say."""
        output = self.source.output(self.binding.column)
        return column_kind(output.type if output else None)

    @property
    def reduced(self) -> Kind:
        """The kind of the values that a reduce sees."""
        cast = self.binding.cast
        return self.column if cast is None or self.semantics is Semantics.CAST_LAST else Kind(cast.value)


def binding_problems(feed: Feed, path: str) -> list[Problem]:
    """What forbids the binding, or cannot be known before it runs; each fix patches the binding at `path`.

    Codes: UNKNOWN_COLUMN, NOT_BINDABLE, LIST_COLUMN, REDUCE_OF_LIST, REDUCE_NEEDS_NUMBERS, MANY_ROWS, TYPE_MISMATCH,
    UNKNOWN_TYPE and REDUCE_OF_TEXTS (warnings), and of `on_empty`: EMPTY_SCALAR, EMPTY_REFUSED, NO_DEFAULT.
    """
    if feed.source.outputs and feed.source.output(feed.binding.column) is None:
        return [_unknown_column(feed, path), *_empty_problems(feed, path)]
    return [*_type_problems(feed, path), *_row_problems(feed, path), *_empty_problems(feed, path)]


class EmptyAction(StrEnum):
    """What becomes of a node that has empty inputs."""

    CONTINUE = "continue"
    SKIP = "skip"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class EmptyDecision:
    """What follows from a node's empty inputs; `parameters` are those that made it skip or fail."""

    action: EmptyAction
    parameters: tuple[ParameterName, ...] = ()
    values: Values = field(default_factory=dict)
    """What is bound in the place of the empty inputs, if the node continues."""


def empty_decision(inputs: Iterable[tuple[Parameter, OnEmpty]]) -> EmptyDecision:
    """What a node does whose bindings of these parameters yielded nothing: fail beats skip, and skip the rest.

    match_nothing and match_all bind an empty list, default binds the default. Where that cannot be (a scalar, or
    no default), which validation refuses, the node fails rather than run with a value nobody chose.
    """
    emptied = list(inputs)
    for action in (EmptyAction.FAIL, EmptyAction.SKIP):
        if blamed := tuple(parameter.name for parameter, on_empty in emptied if _action(parameter, on_empty) is action):
            return EmptyDecision(action, blamed)
    values: Values = {
        parameter.name: parameter.default if on_empty is OnEmpty.DEFAULT else [] for parameter, on_empty in emptied
    }
    return EmptyDecision(EmptyAction.CONTINUE, values=values)


def _type_problems(feed: Feed, path: str) -> Iterator[Problem]:
    binding, parameter = feed.binding, feed.parameter
    wanted = PARAMETER_KINDS[parameter.type]
    if wanted is None:
        yield Problem(
            "NOT_BINDABLE",
            path,
            f"No column can feed {parameter.name}, {with_article(parameter.type)}; set it on the node.",
        )
        return
    given = bound_kind(binding, feed.column, feed.semantics)
    if given is None:
        message = f"{binding.reduce} needs numbers; {binding.column} is {_article(feed.reduced)}."
        fixes = (*_reduce_fixes(), *_cast_fixes(feed, Kind.NUMBER))
        yield Problem("REDUCE_NEEDS_NUMBERS", f"{path}.reduce", message, fixes=fixes)
    elif given is Kind.UNKNOWN:
        message = f"The type of {binding.column} is unknown until {feed.source.template_id} has run."
        yield Problem("UNKNOWN_TYPE", path, message, Severity.WARNING)
    elif given is Kind.LIST:
        yield Problem(
            "LIST_COLUMN", path, f"{binding.column} holds a list in each row; choose a column of single values."
        )
    elif not fits(given, wanted):
        yield _mismatch(feed, given, wanted, path)
    elif _compares_texts(feed):
        message = f"{binding.reduce} compares the texts that the cast makes: '9' is greater than '10'."
        yield Problem("REDUCE_OF_TEXTS", f"{path}.reduce", message, Severity.WARNING)


def _mismatch(feed: Feed, given: Kind, wanted: Kind, path: str) -> Problem:
    """The problem that the parameter takes another kind, with the cast that mends it, if one does."""
    binding, name = feed.binding, feed.parameter.name
    fixes = _cast_fixes(feed, wanted)
    subject = f"{binding.reduce} of {binding.column}" if binding.reduce in COUNTING else binding.column
    advice = "choose a cast" if fixes else "choose another reduce"
    message = f"{subject} is {_article(given)}, {name} takes {_article(wanted)}; {advice}."
    return Problem("TYPE_MISMATCH", path, message, fixes=fixes or tuple(_reduce_fixes()))


def _compares_texts(feed: Feed) -> bool:
    """Whether numbers become texts before the least or the greatest is looked for."""
    binding = feed.binding
    is_first = binding.cast is Cast.STRING and feed.semantics is not Semantics.CAST_LAST
    return is_first and binding.reduce in {Reduce.MIN, Reduce.MAX} and feed.column in NUMERIC


def _row_problems(feed: Feed, path: str) -> Iterator[Problem]:
    binding, parameter = feed.binding, feed.parameter
    if parameter.type.is_list and binding.reduce:
        message = f"{parameter.name} takes a list; reduce makes one value of it."
        yield Problem("REDUCE_OF_LIST", f"{path}.reduce", message, fixes=(Fix("Keep the list", {"reduce": None}),))
    if not parameter.type.is_list and not (binding.reduce or binding.take == 1 or feed.one_row):
        source = feed.source.template_id
        message = f"{source} may yield many rows, {parameter.name} takes one value; choose how to reduce them."
        yield Problem("MANY_ROWS", path, message, fixes=tuple(_reduce_fixes()))


def _empty_problems(feed: Feed, path: str) -> Iterator[Problem]:
    parameter, on_empty = feed.parameter, feed.binding.on_empty
    where, skip = f"{path}.on_empty", (Fix("Skip the node", {"on_empty": None}),)
    if on_empty is OnEmpty.DEFAULT and parameter.default is None:
        yield Problem("NO_DEFAULT", where, f"{parameter.name} has no default in its template.", fixes=skip)
    if on_empty not in {OnEmpty.MATCH_NOTHING, OnEmpty.MATCH_ALL}:
        return
    if not parameter.type.is_list:
        message = f"{on_empty} binds an empty list and {parameter.name} takes one value; use skip, fail or default."
        yield Problem("EMPTY_SCALAR", where, message, fixes=skip)
    elif parameter.empty is EmptyPolicy.REFUSED:
        yield Problem(
            "EMPTY_REFUSED", where, f"{parameter.name} may not be empty; use skip, fail or default.", fixes=skip
        )
    elif parameter.empty is not None and MEANINGS[on_empty] is not parameter.empty:
        message = f"To {parameter.name} an empty list means {parameter.empty}, so {on_empty} is impossible."
        yield Problem("EMPTY_REFUSED", where, message, fixes=skip)


MEANINGS = {OnEmpty.MATCH_NOTHING: EmptyPolicy.NOTHING, OnEmpty.MATCH_ALL: EmptyPolicy.EVERYTHING}
"""What an empty list must mean to the parameter."""


def _action(parameter: Parameter, on_empty: OnEmpty) -> EmptyAction:
    if on_empty is OnEmpty.SKIP:
        return EmptyAction.SKIP
    has_value = parameter.default is not None if on_empty is OnEmpty.DEFAULT else parameter.type.is_list
    return EmptyAction.CONTINUE if has_value and on_empty is not OnEmpty.FAIL else EmptyAction.FAIL


def _unknown_column(feed: Feed, path: str) -> Problem:
    names = [output.name for output in feed.source.outputs]
    close = suggest(feed.binding.column, names, most=3)
    fixes = tuple(Fix(f"Use {name}", {"column": name}) for name in close)
    message = f"{feed.source.template_id} has no column {feed.binding.column}; it has {listed(names)}."
    return Problem("UNKNOWN_COLUMN", path, message, fixes=fixes)


def _reduce_fixes() -> Iterator[Fix]:
    return (Fix(f"Reduce: {reduce}", {"reduce": reduce.value}) for reduce in OFFERED)


def _cast_fixes(feed: Feed, wanted: Kind) -> tuple[Fix, ...]:
    """The cast to the wanted kind, if the binding yields that kind with it."""
    cast = Cast(wanted.value)
    changed = feed.binding.model_copy(update={"cast": cast})
    yielded = bound_kind(changed, feed.column, feed.semantics)
    return (Fix(f"Cast to {cast}", {"cast": cast.value}),) if yielded and fits(yielded, wanted) else ()


def _article(kind: Kind) -> str:
    if kind is Kind.OTHER:
        return "of a type that no parameter takes"
    return with_article(kind)
