"""The official columns of Amazon Marketing Cloud's data sources (Amazon Ads documentation, September 2025)."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def amc_columns() -> Mapping[str, Mapping[str, tuple[str, str, str]]]:
    """By table and column: the type (STRING, LONG, …), METRIC or DIMENSION, and the aggregation threshold."""
    text = files("queryflow.sql.amc").joinpath("data/amc_schema.json").read_text(encoding="utf-8")
    return {
        table: {name: tuple(facts) for name, facts in columns.items()} for table, columns in json.loads(text).items()
    }


@cache
def amc_schema() -> Mapping[str, Mapping[str, str]]:
    """By table and column: the type, in AMC's words."""
    return {table: {name: facts[0] for name, facts in columns.items()} for table, columns in amc_columns().items()}
