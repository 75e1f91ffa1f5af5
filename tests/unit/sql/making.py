"""Templates and windows for the tests of SQL."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb

from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.windows import ResolvedWindow
from queryflow.domain.ids import ParameterName, TemplateId
from queryflow.domain.values.parameters import Parameter, ParameterType

DUCKDB = duckdb.connect()
"""Shared, for a connection costs more than most queries of these tests; `conftest.py` closes it."""

WINDOW = ResolvedWindow(
    start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 2, 1, tzinfo=UTC), time_zone="Europe/Berlin"
)


Types = Mapping[str, ParameterType]


def template(sql: str, dialect: Dialect = Dialect.DUCKDB, *, types: Types = {}, **more: ParameterType) -> Template:  # noqa: B006 (never changed)
    """A template of that text with required parameters of these types."""
    parameters = tuple(Parameter(name=ParameterName(name), type=kind) for name, kind in {**types, **more}.items())
    return Template(template_id=TemplateId("t"), name="t", dialect=dialect, sql=sql, parameters=parameters)


def amc(sql: str, *, types: Types = {}, **more: ParameterType) -> Template:  # noqa: B006 (never changed)
    """The same in AMC's SQL."""
    return template(sql, Dialect.AMC, types={**types, **more})


def codes(problems: list[Any]) -> list[str]:
    """The codes of problems, in order."""
    return [each.code for each in problems]
