"""The flow: nodes, connections and bindings, as a person wrote them; `flow_file.py` reads and writes it."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue
from pydantic_core import PydanticCustomError

from queryflow.domain.flow.template import Template
from queryflow.domain.ids import (
    COMPOSITION_ID_PATTERN,
    FLOW_KEY_PATTERN,
    NODE_ID_PATTERN,
    ColumnName,
    CompositionId,
    ConnectionId,
    NodeId,
    ParameterName,
    TemplateId,
)
from queryflow.domain.states import JoinRule
from queryflow.domain.values.parameters import ParameterType


class Model(BaseModel):
    """Frozen, and closed: an unknown key is a mistake of its author, not an extension."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class OnEmpty(StrEnum):
    """What becomes of a node when a binding yields nothing."""

    SKIP = "skip"
    FAIL = "fail"
    MATCH_NOTHING = "match_nothing"
    MATCH_ALL = "match_all"
    DEFAULT = "default"


class Nulls(StrEnum):
    """What becomes of null values in a binding."""

    DROP = "drop"
    KEEP = "keep"
    FAIL = "fail"


class Reduce(StrEnum):
    """How many rows become one value."""

    FIRST = "first"
    ONLY = "only"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    AVG = "avg"
    COUNT = "count"


class Cast(StrEnum):
    """An explicit change of type."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"


class FlowReference(Model):
    """A node's value that is the flow's parameter of that name."""

    flow: ParameterName
    """The name of the flow's parameter."""


class Binding(Model):
    """How a column of the source becomes the value of one parameter of the target.

    The order of work is where → cast → nulls → order_by → distinct → take → max_items → reduce.
    """

    column: ColumnName
    """The column of the source whose values are given on."""
    where: str | None = None
    """A condition on the source's rows, in SQL: columns, literals, AND, OR, NOT, IN, LIKE, `{{flow_parameter}}`."""
    order_by: tuple[str, ...] = ()
    """Each `column`, `column asc` or `column desc`."""
    take: int | None = Field(default=None, ge=1)
    """At most this many values, the first in the order."""
    distinct: bool | None = None
    """Whether equal values count once. Left out: yes, unless `reduce` is sum, avg or count, which use every row."""
    nulls: Nulls = Nulls.DROP
    """drop leaves them out, keep gives them on, fail lets the node fail."""
    max_items: int | None = Field(default=None, ge=1)
    """More values than these let the node fail."""
    reduce: Reduce | None = None
    """How many rows become one value for a parameter that is no list; `only` fails if there are several values."""
    cast: Cast | None = None
    """The type the values are changed to, before anything compares or counts them."""
    on_empty: OnEmpty = OnEmpty.SKIP
    """What becomes of the target when no value is left: it is skipped, it fails, its list is empty (which then means
    nothing, or everything: as its SQL has it), or the parameter has its default."""


class Connection(Model):
    """Joins two nodes; an empty map means order only."""

    id: ConnectionId = Field(pattern=NODE_ID_PATTERN)
    """Its name, unique in the flow."""
    source: NodeId = Field(alias="from")
    """The node whose result is read; written `from`."""
    target: NodeId = Field(alias="to")
    """The node whose parameters are filled; written `to`."""
    required: bool = True
    """Whether the target is skipped when the source fails or is skipped."""
    map: dict[ParameterName, Binding] = Field(default_factory=dict)
    """By the target's parameter: the column, or the whole binding. Empty: order only."""


class Backoff(StrEnum):
    """How the wait between attempts grows."""

    FIXED = "fixed"
    EXPONENTIAL = "exponential"


class Retry(Model):
    """When a failed attempt is followed by another. `attempts` counts all of them, the first included."""

    attempts: int = Field(default=1, ge=1, le=20)
    """How often it is tried at most, the first time included."""
    backoff: Backoff = Backoff.EXPONENTIAL
    """Whether the wait stays the same or doubles."""
    first_seconds: float = Field(default=5, ge=0, le=86_400)
    """The wait after the first failure."""
    cap_seconds: float = Field(default=300, ge=0, le=86_400)
    """The longest wait."""
    jitter: float = Field(default=0.1, ge=0, le=1)
    """The share of a wait that is left to chance."""
    total_seconds: float | None = Field(default=None, ge=0)
    """No new attempt begins later than this after the first one."""


class Window(Model):
    """The dates a flow asks for: a `range` relative to its logical date, or fixed `start` and `end` (exclusive)."""

    range: str | None = None
    """Relative to the logical date: today, yesterday, last_30_days (any number), last_4_full_weeks; this_ or last_
    with week, month, quarter, year; mtd, qtd, ytd."""
    start: str | None = None
    """The first day or moment of a fixed window, such as 2026-11-01."""
    end: str | None = None
    """The day or moment after the last of a fixed window."""
    settle_days: int = Field(default=0, ge=0, le=366)
    """Days before the logical date that are left out, because data still changes."""
    time_zone: str = "UTC"
    """The zone whose days are meant, such as Europe/Berlin."""


class Node(Model):
    """A use of a template in a flow."""

    node_id: NodeId = Field(pattern=NODE_ID_PATTERN)
    """The key it stands under."""
    template: TemplateId
    """The template it runs: `name`, or `name@3` for that version."""
    template_version: int | None = Field(default=None, ge=1)
    """Written behind the template: `name@3`."""
    parameters: dict[ParameterName, Annotated[FlowReference | JsonValue, Field(union_mode="left_to_right")]] = Field(
        default_factory=dict
    )
    """Values by parameter: a literal, or `{flow: name}` for a parameter of the flow."""
    join: JoinRule = JoinRule.ALL_SUCCEEDED
    """Which ends of its sources let it run: all succeeded, none failed (some may be skipped), or whatever they are."""
    when: str | None = None
    """A condition; it is kept, and cannot be executed yet."""
    retry: Retry = Field(default_factory=Retry)
    """Whether a failed attempt is followed by another."""
    timeout_seconds: int | None = Field(default=None, ge=1, le=7 * 86_400)
    """The longest one attempt may take."""
    connection: str | None = None
    """The engine connection, if it is another than the flow's."""
    window: Window | None = None
    """A window of its own in place of the flow's."""

    @property
    def timeout(self) -> timedelta | None:
        """The longest one attempt may take."""
        return None if self.timeout_seconds is None else timedelta(seconds=self.timeout_seconds)


class FlowParameter(Model):
    """A value that is asked for once and used by several nodes."""

    name: ParameterName
    """The key it stands under."""
    type: ParameterType
    """What kind of value it takes."""
    default: JsonValue = None
    """The value where none is given; without one a value is required."""
    label: str | None = None
    """What people call it."""


class Viewport(Model):
    """What part of the canvas is seen."""

    x: float = 0
    """How far it is moved to the right."""
    y: float = 0
    """How far it is moved down."""
    zoom: float = Field(default=1, gt=0, le=100)
    """How much it is enlarged."""


class Layout(Model):
    """Where things lie on the canvas; it never changes what a flow means."""

    viewport: Viewport = Field(default_factory=Viewport)
    """The part of the canvas that is seen."""
    positions: dict[NodeId, tuple[float, float]] = Field(default_factory=dict)
    """Where each node lies, as [x, y]."""
    notes: tuple[dict[str, JsonValue], ...] = ()
    """Notes on the canvas."""


def _runnable(key: CompositionId) -> CompositionId:
    """The key, if a composition or a single query has such; people are told of compositions only."""
    if re.fullmatch(FLOW_KEY_PATTERN, key) is None:
        sentence = "String should match pattern '{pattern}'"
        raise PydanticCustomError("string_pattern_mismatch", sentence, {"pattern": COMPOSITION_ID_PATTERN})
    return key


class Flow(Model):
    """A composition, whole. The order of nodes and connections is the author's and is kept."""

    kind: Literal["composition"] = "composition"
    """What the document is."""
    composition_id: Annotated[CompositionId, Field(max_length=100), AfterValidator(_runnable)]
    """The flow's id: `comp_`, then small letters, digits and _."""
    name: str = Field(min_length=1, max_length=255)
    """What people call it."""
    description: str | None = None
    """What it answers."""
    tags: tuple[str, ...] = ()
    """Words to find it by."""
    connection: str | None = None
    """The engine connection its nodes run on."""
    window: Window | None = None
    """The dates it asks for."""
    parameters: tuple[FlowParameter, ...] = ()
    """Values that are asked for once, by name."""
    nodes: tuple[Node, ...] = ()
    """What it runs, by id."""
    connections: tuple[Connection, ...] = ()
    """How its nodes are joined."""
    layout: Layout = Field(default_factory=Layout)
    """Where things lie on the canvas."""
    templates: dict[TemplateId, Template] = Field(default_factory=dict)
    """Inline templates, which make the document self-contained."""

    def node(self, node_id: NodeId) -> Node | None:
        """The node of that id, if there is one."""
        return next((each for each in self.nodes if each.node_id == node_id), None)

    def parameter(self, name: str) -> FlowParameter | None:
        """The flow's parameter of that name, if there is one."""
        return next((each for each in self.parameters if each.name == name), None)
