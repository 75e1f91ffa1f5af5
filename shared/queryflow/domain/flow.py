"""The flow: nodes, connections and bindings, as a person wrote them; `domain/flow_file.py` reads and writes it."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue
from pydantic_core import PydanticCustomError

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
from queryflow.domain.parameters import ParameterType
from queryflow.domain.states import JoinRule
from queryflow.domain.template import Template


class Model(BaseModel):
    """Frozen, and closed: an unknown key is a mistake of its author, not a wish."""

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


class Binding(Model):
    """How a column of the source becomes the value of one parameter of the target.

    The order of work is where → cast → nulls → order_by → distinct → take → max_items → reduce.
    """

    column: ColumnName
    where: str | None = None
    order_by: tuple[str, ...] = ()
    """Each `column`, `column asc` or `column desc`."""
    take: int | None = Field(default=None, ge=1)
    distinct: bool | None = None
    """Whether equal values count once. None: yes, unless `reduce` is sum, avg or count, which use every row."""
    nulls: Nulls = Nulls.DROP
    max_items: int | None = Field(default=None, ge=1)
    reduce: Reduce | None = None
    cast: Cast | None = None
    on_empty: OnEmpty = OnEmpty.SKIP


class Connection(Model):
    """Joins two nodes; an empty map means order only."""

    id: ConnectionId = Field(pattern=NODE_ID_PATTERN)
    source: NodeId = Field(alias="from")
    target: NodeId = Field(alias="to")
    required: bool = True
    map: dict[ParameterName, Binding] = Field(default_factory=dict)


class Backoff(StrEnum):
    """How the wait between attempts grows."""

    FIXED = "fixed"
    EXPONENTIAL = "exponential"


class Retry(Model):
    """When a failed attempt is followed by another. `attempts` counts all of them, the first included."""

    attempts: int = Field(default=1, ge=1, le=20)
    backoff: Backoff = Backoff.EXPONENTIAL
    first_seconds: float = Field(default=5, ge=0, le=86_400)
    cap_seconds: float = Field(default=300, ge=0, le=86_400)
    jitter: float = Field(default=0.1, ge=0, le=1)
    total_seconds: float | None = Field(default=None, ge=0)
    """No new attempt begins later than this after the first one."""


class Window(Model):
    """The dates a flow asks for: a `range` relative to its logical date, or fixed `start` and `end` (exclusive)."""

    range: str | None = None
    start: str | None = None
    end: str | None = None
    settle_days: int = Field(default=0, ge=0, le=366)
    time_zone: str = "UTC"


class Node(Model):
    """A use of a template in a flow."""

    node_id: NodeId = Field(pattern=NODE_ID_PATTERN)
    template: TemplateId
    template_version: int | None = Field(default=None, ge=1)
    parameters: dict[ParameterName, Annotated[FlowReference | JsonValue, Field(union_mode="left_to_right")]] = Field(
        default_factory=dict
    )
    join: JoinRule = JoinRule.ALL_SUCCEEDED
    when: str | None = None
    retry: Retry = Field(default_factory=Retry)
    timeout_seconds: int | None = Field(default=None, ge=1, le=7 * 86_400)
    connection: str | None = None
    """The engine connection; None takes the flow's."""
    window: Window | None = None

    @property
    def timeout(self) -> timedelta | None:
        """The longest one attempt may take."""
        return None if self.timeout_seconds is None else timedelta(seconds=self.timeout_seconds)


class FlowParameter(Model):
    """A value that is asked for once and used by several nodes."""

    name: ParameterName
    type: ParameterType
    default: JsonValue = None
    label: str | None = None


class Viewport(Model):
    """What part of the canvas is seen."""

    x: float = 0
    y: float = 0
    zoom: float = Field(default=1, gt=0, le=100)


class Layout(Model):
    """Where things lie on the canvas; it never changes what a flow means."""

    viewport: Viewport = Field(default_factory=Viewport)
    positions: dict[NodeId, tuple[float, float]] = Field(default_factory=dict)
    notes: tuple[dict[str, JsonValue], ...] = ()


def _runnable(key: CompositionId) -> CompositionId:
    """The key, if a composition or a single query has such; people are told of compositions only."""
    if re.fullmatch(FLOW_KEY_PATTERN, key) is None:
        sentence = "String should match pattern '{pattern}'"
        raise PydanticCustomError("string_pattern_mismatch", sentence, {"pattern": COMPOSITION_ID_PATTERN})
    return key


class Flow(Model):
    """A composition, whole. The order of nodes and connections is the author's and is kept."""

    kind: Literal["composition"] = "composition"
    composition_id: Annotated[CompositionId, Field(max_length=100), AfterValidator(_runnable)]
    name: str = Field(min_length=1, max_length=255)
    description: str | None = None
    tags: tuple[str, ...] = ()
    connection: str | None = None
    window: Window | None = None
    parameters: tuple[FlowParameter, ...] = ()
    nodes: tuple[Node, ...] = ()
    connections: tuple[Connection, ...] = ()
    layout: Layout = Field(default_factory=Layout)
    templates: dict[TemplateId, Template] = Field(default_factory=dict)
    """Inline templates, which make the document self-contained."""

    def node(self, node_id: NodeId) -> Node | None:
        """The node of that id, if there is one."""
        return next((each for each in self.nodes if each.node_id == node_id), None)

    def parameter(self, name: str) -> FlowParameter | None:
        """The flow's parameter of that name, if there is one."""
        return next((each for each in self.parameters if each.name == name), None)
