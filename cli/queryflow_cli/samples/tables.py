"""The sample's tables: for each of AMC's main tables, which rows it has and how its columns are made.

Columns that the sample does not simulate are NULL of their official type.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from queryflow_cli.samples.advertiser import SEGMENTS
from queryflow_cli.samples.expressions import (
    BRAND_SEARCH,
    CAMPAIGN,
    MICROCENTS,
    MILLICENTS,
    PERSON,
    PRODUCT_ASIN,
    PRODUCT_PRICE,
    SEARCH,
    Columns,
    array,
    moment,
    text,
)

DUCKDB_TYPES: Mapping[str, str] = {
    "STRING": "VARCHAR",
    "LONG": "BIGINT",
    "INTEGER": "INTEGER",
    "DOUBLE": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
    "DECIMAL": "DECIMAL(38,4)",
    "DECIMAL(38,4)": "DECIMAL(38,4)",
    "DECIMAL(38,2)": "DECIMAL(38,2)",
    "ARRAY[STRING]": "VARCHAR[]",
    "ARRAY[LONG]": "BIGINT[]",
    "ARRAY[INTEGER]": "INTEGER[]",
}
"""AMC's words for types in DuckDB's; the plain DECIMAL has AMC's default precision."""


@dataclass(frozen=True, slots=True)
class SampleTable:
    """Where a table's rows come from (`touches` or `conversions`, filtered) and what its columns are."""

    rows: str
    columns: Columns


def _delivery() -> Columns:
    return (
        PERSON
        | CAMPAIGN
        | {"supply_source": text("Amazon.com"), "site": text("amazon.com"), "slot_position": text("ATF")}
    )


def _dsp() -> Columns:
    return _delivery() | moment("impression", "touched") | {
        "impressions": "CAST(1 AS BIGINT)",
        "total_cost": f"CAST({MILLICENTS} AS DOUBLE)",
        "impression_cost": MILLICENTS,
        "supply_cost": f"{MILLICENTS} * 800",
        "bid_price": f"{MILLICENTS} * 1100",
        "audience_fee": f"{MILLICENTS} * 50",
        "user_behavior_segment_ids": f"[{_segment_id('segment')}, {_segment_id(_SECOND_SEGMENT)}]",
    }  # fmt: skip


_SECOND_SEGMENT = f"((segment + 1 + CAST(floor(u(user_index, 'second segment') * 4) AS INTEGER)) % {len(SEGMENTS)})"


def _segment_id(index: str) -> str:
    return f"({array([str(number) for number, _ in SEGMENTS])})[1 + {index}]"


def _segment_name(index: str) -> str:
    return f"({array([text(name) for _, name in SEGMENTS])})[1 + {index}]"


def _segmented() -> SampleTable:
    columns = _dsp() | {
        "behavior_segment_id": _segment_id("segment_seen"),
        "behavior_segment_name": _segment_name("segment_seen"),
        "behavior_segment_matched": "CAST(1 AS BIGINT)",
    }
    seen = f"SELECT *, unnest([segment, {_SECOND_SEGMENT}]) AS segment_seen FROM touches WHERE ad_product = 'dsp'"
    return SampleTable(f"({seen}) AS seen", columns)


def _clicks() -> SampleTable:
    utc = "touched + INTERVAL 2 SECOND"
    columns = _delivery() | moment("click", utc) | {"clicks": "CAST(1 AS BIGINT)", "click_cost": f"{MILLICENTS} * 40"}
    return SampleTable("touches WHERE ad_product = 'dsp' AND clicked", columns)


def _views() -> SampleTable:
    columns = _delivery() | moment("event", "touched") | {
        "event_type": text("VIEW"),
        "events": "CAST(1 AS BIGINT)",
        "measurable_impressions": "CAST(1 AS BIGINT)",
        "viewable_impressions": "CAST(1 AS BIGINT)",
        "view_definition": text("MRC"),
    }  # fmt: skip
    return SampleTable("touches WHERE ad_product = 'dsp' AND u(n, 'viewable') < 0.6", columns)


def _sponsored() -> SampleTable:
    columns = _delivery() | SEARCH | moment("event", "touched") | {
        "ad_product_type": "ad_product",
        "event_id": "'traffic-' || CAST(n AS VARCHAR)",
        "impressions": "CAST(1 AS BIGINT)",
        "viewable_impressions": "CAST(u(n, 'viewable') < 0.7 AS BIGINT)",
        "clicks": "CAST(clicked AS BIGINT)",
        "spend": MICROCENTS,
        "marketplace_name": text("AMAZON.COM"),
    }  # fmt: skip
    return SampleTable("touches WHERE ad_product <> 'dsp'", columns)


_SALES = f"CAST({PRODUCT_PRICE} * units AS DECIMAL(38,4))"


def _when(subtype: str, value: str, otherwise: str = "0") -> str:
    return f"CASE WHEN subtype = '{subtype}' THEN {value} ELSE {otherwise} END"


def _conversions() -> SampleTable:
    order = {
        "total_product_sales": _when("order", _SALES, "CAST(0 AS DECIMAL(38,4))"),
        "total_units_sold": f"CAST({_when('order', 'units')} AS BIGINT)",
        "purchase_unit_price": _when("order", PRODUCT_PRICE, "NULL"),
    }
    columns = PERSON | moment("event", "converted") | order | {
        "conversion_id": "'conversion-' || CAST(line_number AS VARCHAR)",
        "conversions": "CAST(1 AS BIGINT)",
        "event_category": _when("order", text("purchase"), text("website")),
        "event_type": text("CONVERSION"),
        "event_subtype": "subtype",
        "marketplace_name": text("AMAZON.COM"),
        "new_to_brand": "is_new",
        "no_3p_trackers": "FALSE",
        "purchase_currency": text("USD"),
        "tracked_asin": _when("searchConversion", "NULL", PRODUCT_ASIN),
        "tracked_item": _when("searchConversion", BRAND_SEARCH, PRODUCT_ASIN),
    }  # fmt: skip
    return SampleTable("conversions", columns)


def _attributed() -> SampleTable:
    counted = {
        "purchases": (_when("order", "1"), "BIGINT"),
        "units_sold": (_when("order", "units"), "BIGINT"),
        "product_sales": (_when("order", _SALES), "DECIMAL(38,4)"),
        "detail_page_view": (_when("detailPageView", "1"), "BIGINT"),
        "add_to_cart": (_when("shoppingCart", "1"), "BIGINT"),
    }
    columns = PERSON | CAMPAIGN | SEARCH | moment("conversion_event", "converted")
    columns |= moment("traffic_event", "touched") | moment("impression", "touched")
    for name, (value, kind) in counted.items():
        columns |= _variants(name, f"CAST({value} AS {kind})", kind)
    return SampleTable("conversions", columns | {
        "ad_product_type": "CASE WHEN ad_product <> 'dsp' THEN ad_product END",
        "conversion_event_category": _when("order", text("purchase"), text("website")),
        "conversion_event_subtype": "subtype",
        "conversion_event_type": text("CONVERSION"),
        "conversion_event_marketplace_name": text("AMAZON.COM"),
        "conversions": "CAST(1 AS BIGINT)",
        "impressions": "CAST(1 AS BIGINT)",
        "clicks": "CAST(clicked AS BIGINT)",
        "new_to_brand": "is_new",
        "purchase_currency": text("USD"),
        "purchase_unit_price": _when("order", PRODUCT_PRICE, "NULL"),
        "tracked_asin": _when("searchConversion", "NULL", PRODUCT_ASIN),
        "tracked_item": _when("searchConversion", BRAND_SEARCH, PRODUCT_ASIN),
        "traffic_event_id": "'traffic-' || CAST(n AS VARCHAR)",
        "traffic_event_type": "CASE WHEN clicked THEN 'CLICK' ELSE 'IMPRESSION' END",
    })  # fmt: skip


def _variants(name: str, value: str, kind: str) -> Columns:
    """AMC counts each thing promoted and total, by clicks and by views, and again for people new to the brand."""
    columns: Columns = {}
    for prefix, counted in (
        ("", value),
        ("total_", value),
        ("new_to_brand_", _new(value, kind)),
        ("new_to_brand_total_", _new(value, kind)),
    ):
        columns |= {
            f"{prefix}{name}": counted,
            f"{prefix}{name}_clicks": f"CASE WHEN clicked THEN {counted} ELSE CAST(0 AS {kind}) END",
            f"{prefix}{name}_views": f"CASE WHEN clicked THEN CAST(0 AS {kind}) ELSE {counted} END",
        }
    return columns


def _new(value: str, kind: str) -> str:
    return f"CASE WHEN is_new THEN {value} ELSE CAST(0 AS {kind}) END"


SAMPLE_TABLES: Mapping[str, SampleTable] = {
    "dsp_impressions": SampleTable("touches WHERE ad_product = 'dsp'", _dsp()),
    "dsp_clicks": _clicks(),
    "dsp_views": _views(),
    "dsp_impressions_by_user_segments": _segmented(),
    "sponsored_ads_traffic": _sponsored(),
    "conversions": _conversions(),
    "amazon_attributed_events_by_traffic_time": _attributed(),
    "amazon_attributed_events_by_conversion_time": _attributed(),
}
