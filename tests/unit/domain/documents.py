"""Random flows and templates for what writes and reads them, full of the texts that YAML readers get wrong."""

from typing import Any

from hypothesis import strategies as st

from queryflow.domain.flow.flow import (
    Backoff,
    Binding,
    Cast,
    Connection,
    Flow,
    FlowParameter,
    FlowReference,
    Layout,
    Node,
    Nulls,
    OnEmpty,
    Reduce,
    Retry,
    Viewport,
    Window,
)
from queryflow.domain.flow.template import Chart, Dialect, Output, Template
from queryflow.domain.states import JoinRule
from queryflow.domain.values.parameters import EmptyPolicy, Parameter, ParameterType, Rules

MISREAD = [
    "on",
    "No",
    "y",
    "0123",
    "1e5",
    "1_000",
    "0x1f",
    "~",
    "null",
    "2026-11-22",
    "12:30",
    ".5",
    "=",
    "<<",
    "---",
    "...",
]
MARKED = [
    "",
    "a: b",
    "# c",
    "- d",
    "{{x}}",
    "[a",
    "'",
    '"',
    "\\",
    " y",
    "y ",
    "é ü",
    "👍",
    "\ufeff",
    "\x85",
    "a\u2028b",
    "\x7f",
]
LINES = [
    "x\n",
    "\n",
    "SELECT 1\nFROM t\n",
    "SELECT 1\n\n\n",
    "  a\n b",
    "a\t\n\tb\r\n",
    "a\n \nb",
    "# a\nb: c",
    "---\na",
    "\n\na",
]
texts = st.sampled_from(MISREAD + MARKED + LINES) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=6
)
names = st.text("ab_1", max_size=4).map("n{}".format)


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def several(strategy: st.SearchStrategy[Any], by: str | None = None) -> st.SearchStrategy[Any]:
    unique = (lambda each: getattr(each, by)) if by else None
    return st.lists(strategy, max_size=2, unique_by=unique).map(tuple)


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = scalars | st.lists(scalars, max_size=2) | st.fixed_dictionaries({"mode": texts, "text": scalars})
mappings = st.dictionaries(texts, values, max_size=2)
seconds = st.floats(0, 86_400)

windows = st.builds(
    Window, range=optional(texts), start=optional(texts), settle_days=st.integers(0, 366), time_zone=texts
)
bindings = st.builds(
    Binding,
    column=texts,
    where=optional(texts),
    order_by=several(texts),
    take=optional(st.integers(1, 10**12)),
    distinct=st.booleans(),
    nulls=st.sampled_from(Nulls),
    reduce=optional(st.sampled_from(Reduce)),
    cast=optional(st.sampled_from(Cast)),
    on_empty=st.sampled_from(OnEmpty),
)
connections = st.fixed_dictionaries(
    {
        "id": names,
        "from": names,
        "to": names,
        "required": st.booleans(),
        "map": st.dictionaries(texts, bindings, max_size=2),
    }
).map(Connection.model_validate)
retries = st.builds(
    Retry,
    attempts=st.integers(1, 20),
    backoff=st.sampled_from(Backoff),
    first_seconds=seconds,
    total_seconds=optional(seconds),
)
nodes = st.builds(
    Node,
    node_id=names,
    template=names,
    template_version=optional(st.integers(1, 999_999_999)),
    parameters=st.dictionaries(texts, st.builds(FlowReference, flow=texts) | values, max_size=2),
    join=st.sampled_from(JoinRule),
    when=optional(texts),
    retry=retries,
    timeout_seconds=optional(st.integers(1, 604_800)),
    connection=optional(texts),
    window=optional(windows),
)
rules = st.builds(
    Rules,
    minimum=optional(st.integers() | st.floats(allow_nan=False, allow_infinity=False)),
    maximum_items=optional(st.integers()),
    pattern=optional(texts),
    one_of=optional(several(values)),
)
parameters = st.builds(
    Parameter,
    name=texts,
    type=st.sampled_from(ParameterType),
    required=st.booleans(),
    default=values,
    label=optional(texts),
    rules=rules,
    empty=optional(st.sampled_from(EmptyPolicy)),
)
templates = st.builds(
    Template,
    template_id=names,
    name=texts.filter(bool),
    description=texts,
    dialect=st.sampled_from(Dialect),
    sql=texts.filter(bool),
    parameters=several(parameters, by="name"),
    outputs=several(st.builds(Output, name=texts, type=optional(texts), nullable=st.booleans()), by="name"),
    charts=several(st.builds(Chart, name=texts, type=st.just("bar"), config=mappings)),
    tags=several(texts),
    version=st.integers(1, 9),
)
layouts = st.builds(
    Layout,
    viewport=st.builds(Viewport, x=st.floats(-1e6, 1e6), zoom=st.floats(0.1, 100)),
    positions=st.dictionaries(names, st.tuples(st.floats(-1e18, 1e18), st.integers(-9, 9).map(float)), max_size=2),
    notes=several(mappings),
)
flow_parameters = st.builds(
    FlowParameter, name=texts, type=st.sampled_from(ParameterType), default=values, label=optional(texts)
)
flows = st.builds(
    Flow,
    composition_id=names.map("comp_{}".format),
    name=texts.filter(bool),
    description=optional(texts),
    tags=several(texts),
    connection=optional(texts),
    window=optional(windows),
    parameters=several(flow_parameters, by="name"),
    nodes=several(nodes, by="node_id"),
    connections=several(connections),
    layout=layouts,
    templates=st.lists(templates, max_size=1).map(lambda found: {each.template_id: each for each in found}),
)
