"""AMC's SQL as people write it, over every official table, runs on the sample."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from queryflow.domain.errors import Severity
from queryflow.domain.parameters import ParameterType
from queryflow.domain.windows import ResolvedWindow
from queryflow.sql.amc_on_duckdb import setup_statements
from queryflow.sql.amc_schema import amc_schema
from queryflow.sql.amc_tables import TIME_COLUMNS
from queryflow.sql.render import render
from queryflow.sql.template_problems import template_problems
from queryflow_cli.samples import amc as sample
from queryflow_cli.samples.tables import SAMPLE_TABLES
from tests.unit.sql.making import WINDOW, amc

TYPES = {
    "days": ParameterType.INTEGER,
    "start": ParameterType.DATE,
    "product": ParameterType.STRING,
    "least": ParameterType.NUMBER,
    "products": ParameterType.STRING_LIST,
}
VALUES: dict[str, Any] = {
    "days": 7,
    "start": WINDOW.start.date(),
    "product": "dsp",
    "least": 0.5,
    "products": ["sponsored_products", "sponsored_brands"],
}
EVERY_TABLE = [
    (
        f"SELECT COUNT(*) AS n, COUNT({first}) AS filled FROM {table}",
        f"SELECT count(*), count({first}) FROM {{{table}}}",
    )
    for table, columns in amc_schema().items()
    for first in [next(iter(columns))]
]
TEXTS = [
    (
        "SELECT campaign, SUM(impressions) AS i FROM dsp_impressions GROUP BY campaign",
        "SELECT campaign, sum(impressions) FROM {dsp_impressions} GROUP BY 1",
    ),
    (
        "SELECT campaign_id_string, COUNT(DISTINCT user_id) AS reach FROM dsp_impressions GROUP BY 1",
        "SELECT campaign_id_string, count(DISTINCT user_id) FROM {dsp_impressions} GROUP BY 1",
    ),
    (
        "SELECT CAST(impression_dt_utc AS DATE) AS day, SUM(total_cost) / 100000 AS cost FROM"
        " dsp_impressions GROUP BY 1",
        None,
    ),
    (
        "SELECT ad_product_type, SUM(clicks) AS c FROM sponsored_ads_traffic WHERE ad_product_type"
        " IN ({{products}}) GROUP BY 1",
        "SELECT ad_product_type, sum(clicks) FROM {sponsored_ads_traffic} WHERE ad_product_type IN"
        " ('sponsored_products', 'sponsored_brands') GROUP BY 1",
    ),
    (
        "SELECT COUNT(*) AS n FROM sponsored_ads_traffic WHERE"
        " ARRAY_CONTAINS(CUSTOM_PARAMETER('products'), ad_product_type)"
        " OR CARDINALITY(CUSTOM_PARAMETER('products')) = 0",
        "SELECT count(*) FROM {sponsored_ads_traffic} WHERE ad_product_type IN"
        " ('sponsored_products', 'sponsored_brands')",
    ),
    (
        "SELECT COUNT(*) AS n FROM dsp_impressions WHERE impression_dt_utc >= '{{start}}'",
        "SELECT count(*) FROM {dsp_impressions}",
    ),
    (
        "SELECT COUNT(*) AS n FROM dsp_clicks WHERE click_dt_utc < DATE '{{start}}' + INTERVAL '{{days}}' DAY",
        "SELECT count(*) FROM {dsp_clicks} WHERE click_dt_utc < TIMESTAMP '2026-01-08'",
    ),
    ("SELECT COUNT(*) AS n FROM TABLE(EXTEND_TIME_WINDOW('conversions', 'P{{days}}D', 'P1D'))", None),
    ("SELECT COUNT(*) AS n FROM sponsored_ads_traffic WHERE ad_product_type LIKE '%{{product}}%'", "SELECT 0"),
    (
        "SELECT tracked_asin, SUM(total_units_sold) AS u FROM conversions WHERE event_subtype ="
        " 'order' GROUP BY tracked_asin",
        "SELECT tracked_asin, sum(total_units_sold) FROM {conversions} WHERE event_subtype = 'order' GROUP BY 1",
    ),
    ("SELECT GREATEST(SUM(impressions), NULL) AS g FROM dsp_impressions", "SELECT NULL"),
    (
        "SELECT DATE_DIFF(MIN(impression_date_utc), MAX(impression_date_utc), DAY) AS d FROM dsp_impressions",
        "SELECT max(impression_date_utc) - min(impression_date_utc) FROM {dsp_impressions}",
    ),
    (
        "SELECT FORMAT(impression_dt_utc, 'yyyy-MM') AS month, COUNT(*) AS n FROM dsp_impressions GROUP BY 1",
        "SELECT '2026-01', count(*) FROM {dsp_impressions}",
    ),
    (
        "SELECT REGEXP_REPLACE(campaign, '[aeiou]', '') AS c, COUNT(*) AS n FROM dsp_impressions GROUP BY 1",
        "SELECT translate(campaign, 'aeiou', ''), count(*) FROM {dsp_impressions} GROUP BY 1",
    ),
    (
        "SELECT COUNT(DISTINCT HASH64(user_id)) AS n FROM conversions WHERE user_id IS NOT NULL",
        "SELECT count(DISTINCT user_id) FROM {conversions}",
    ),
    (
        "SELECT COUNT(*) AS n FROM conversions WHERE CONTAINED_IN(event_subtype, 'order', 'shoppingCart')",
        "SELECT count(*) FROM {conversions} WHERE event_subtype IN ('order', 'shoppingCart')",
    ),
    (
        "WITH collect(u, c) AS (SELECT user_id, COUNT(*) FROM dsp_impressions GROUP BY 1) SELECT"
        " MAX(c) AS at FROM collect",
        "SELECT max(c) FROM (SELECT count(*) AS c FROM {dsp_impressions} GROUP BY user_id)",
    ),
    (
        "SELECT PERCENTILE(total_cost, 0.5) AS p FROM dsp_impressions WHERE total_cost > {{least}}",
        "SELECT quantile_cont(total_cost, 0.5) FROM {dsp_impressions} WHERE total_cost > 0.5",
    ),
    (
        "SELECT i.campaign, COUNT(*) AS n FROM dsp_impressions i JOIN dsp_clicks c ON c.user_id = i.user_id GROUP BY 1",
        None,
    ),
    (
        "SELECT m.segment_id FROM segment_metadata m LEFT JOIN adserver_traffic_by_user_segments s ON TRUE",
        "SELECT 1 WHERE FALSE",
    ),
    (
        "SELECT user_id, ARRAY_SORT(COLLECT(DISTINCT campaign)) AS path FROM dsp_impressions GROUP BY user_id",
        "SELECT user_id, list_sort(list(DISTINCT campaign)) FROM {dsp_impressions} GROUP BY 1",
    ),
    ("SELECT IF(SUM(clicks) = 0, NULL, SUM(spend) / SUM(clicks)) AS cpc FROM sponsored_ads_traffic", None),
]


def test_there_are_sixty_texts() -> None:
    assert len(EVERY_TABLE) + len(TEXTS) >= 60
    assert len(EVERY_TABLE) == len(amc_schema())


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The relations of the sample's tables; its last day is in the window."""
    folder = tmp_path_factory.mktemp("sample") / "set"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sample.SIZES, "tiny", sample.Size(touches=3_000, users=500, days=60))
        sample.generate(folder, size="tiny", end_date=WINDOW.end.date())
    return {table: f"read_parquet('{_file(folder, table)}')" for table in amc_schema()}


def _file(folder: Path, table: str) -> str:
    return str(folder / f"{table}.parquet")


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of its own."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def _in_window(table: str, relation: str, window: ResolvedWindow) -> str:
    column = TIME_COLUMNS.get(table)
    if column is None:
        return relation
    start, end = window.start.replace(tzinfo=None), window.end.replace(tzinfo=None)
    return f"(SELECT * FROM {relation} WHERE {column} >= TIMESTAMP '{start}' AND {column} < TIMESTAMP '{end}')"


@pytest.mark.parametrize(("sql", "reference"), [*EVERY_TABLE, *TEXTS])
def test_a_text_of_amc_runs_on_the_sample(
    connection: duckdb.DuckDBPyConnection, tables: dict[str, str], sql: str, reference: str | None
) -> None:
    used = {name: type_ for name, type_ in TYPES.items() if f"{{{{{name}}}}}" in sql or f"('{name}')" in sql}
    subject = amc(sql, types=used)
    assert [each for each in template_problems(subject) if each.severity is Severity.ERROR] == []
    for statement in setup_statements(subject, tables, WINDOW):
        connection.execute(statement)
    found = connection.execute(render(subject, {name: VALUES[name] for name in used}, WINDOW, "duckdb")).fetchall()
    if reference is not None:
        relations = {table: _in_window(table, relation, WINDOW) for table, relation in tables.items()}
        assert sorted(map(repr, found)) == sorted(
            map(repr, connection.execute(reference.format(**relations)).fetchall())
        )
    if "JOIN" not in sql and any(table in sql for table in SAMPLE_TABLES):
        assert found, "the sample has rows there"
