"""The SQL expressions that make the sample's rows, by column name.

Every value is a function of the row's number and the seed, so a table is one streamed SELECT over `range`, the tables
agree with each other without being joined, and the same seed gives the same rows. `u(n, salt)` is a number in [0, 1).
"""

from collections.abc import Callable

from queryflow_cli.samples.advertiser import (
    ADVERTISER,
    BRAND_TERMS,
    CAMPAIGNS,
    PRODUCTS,
    SEARCH_TERMS,
    SEGMENTS,
    Campaign,
)

Columns = dict[str, str]
"""An SQL expression by column name."""


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


def array(values: list[str]) -> str:
    """A list literal."""
    return "[" + ", ".join(values) + "]"


def lookup(values: list[str], index: str) -> str:
    """The value at a 0-based index, as DuckDB's 1-based element access."""
    return f"({array(values)})[1 + {index}]"


def of_campaign(field: Callable[[Campaign], str]) -> str:
    """A fact of the row's campaign (column `campaign_index`)."""
    return lookup([field(campaign) for campaign in CAMPAIGNS], "campaign_index")


def shares_of(segment: int | None) -> list[str]:
    """Campaign indexes, each as often as its weight; of one segment, or of all."""
    chosen = [index for index, each in enumerate(CAMPAIGNS) if segment in {None, each.segment}]
    return [str(index) for index in chosen for _ in range(CAMPAIGNS[index].weight)]


def products_of(segment: int) -> list[str]:
    """The product indexes that the people of a segment mostly buy."""
    return [str(index) for index, each in enumerate(PRODUCTS) if each.segment == segment]


def pick(values: list[str], number: str, salt: str) -> str:
    """One of the values, evenly, by a row's number."""
    return lookup(values, f"CAST(floor(u({number}, {text(salt)}) * {len(values)}) AS INTEGER)")


def by_segment(values: list[str]) -> str:
    """The value for the row's segment; only the chosen branch is computed."""
    branches = " ".join(f"WHEN {segment} THEN {value}" for segment, value in enumerate(values))
    return f"CASE segment {branches} END"


_OWN_CAMPAIGN = by_segment([pick(shares_of(each), "n", "campaign") for each in range(len(SEGMENTS))])
_ANY_CAMPAIGN = pick(shares_of(None), "n", "any campaign")
_OWN_PRODUCT = by_segment([pick(products_of(each), "line_number", "product") for each in range(len(SEGMENTS))])
_ANY_PRODUCT = pick([str(index) for index in range(len(PRODUCTS))], "line_number", "any product")
_SECONDS_BEFORE_END = "CAST(floor(pow(u(n, 'time'), 1.15) * days() * 86400) AS BIGINT) + 3"
"""A click comes two seconds after what it was made on."""
_SECONDS_TO_CONVERT = "CAST(60 + floor(pow(u(n, 'gap'), 4) * 13 * 86400) AS BIGINT)"

TOUCHES = f"""
    WITH numbered AS (
        SELECT n, CAST(floor(users() * pow(u(n, 'user'), 1.7)) AS BIGINT) AS user_index
        FROM range(touches_wanted()) AS numbers(n)
    ), people AS (
        SELECT *, CAST(floor(u(user_index, 'segment') * {len(SEGMENTS)}) AS INTEGER) AS segment
        FROM numbered
    ), placed AS (
        SELECT *,
            CASE WHEN u(n, 'affinity') < 0.65 THEN {_OWN_CAMPAIGN} ELSE {_ANY_CAMPAIGN} END AS campaign_index,
            last_day() + INTERVAL 1 DAY - to_seconds({_SECONDS_BEFORE_END}) AS touched
        FROM people
    )
    SELECT *,
        {of_campaign(lambda each: text(each.ad_product))} AS ad_product,
        {of_campaign(lambda each: str(each.purchase_rate))} AS purchase_rate,
        u(n, 'click') < {of_campaign(lambda each: "0.02" if each.ad_product == "dsp" else "0.12")} AS clicked
    FROM placed
"""
"""One row per touch: a person (skewed: few see much, many see little), a segment, a campaign, a moment, a click."""

CONVERSIONS = f"""
    WITH lines AS (
        SELECT *, n * 8 + line AS line_number, line,
            CASE WHEN line < 4 AND u(n, 'order') < purchase_rate * (0.5 + u(user_index, 'propensity')) * 2 THEN 'order'
                 WHEN line IN (4, 5) AND u(n * 8 + line, 'view') < 0.09 THEN 'detailPageView'
                 WHEN line = 6 AND u(n, 'cart') < 0.06 THEN 'shoppingCart'
                 WHEN line = 7 AND u(n, 'brand search') < 0.02 THEN 'searchConversion' END AS subtype
        FROM touches, range(8) AS each_line(line)
    )
    SELECT *,
        touched + to_seconds({_SECONDS_TO_CONVERT}) AS converted,
        CASE WHEN u(line_number, 'own segment') < 0.85 THEN {_OWN_PRODUCT} ELSE {_ANY_PRODUCT} END AS product_index,
        1 + CAST(floor(pow(u(line_number, 'units'), 3) * 3) AS INTEGER) AS units,
        u(user_index, 'new to brand') < 0.35 AS is_new
    FROM lines
    WHERE subtype IS NOT NULL AND (line = 0 OR line > 3 OR u(line_number, 'line') < 0.45)
        AND converted < last_day() + INTERVAL 1 DAY
"""
"""One row per thing a touch led to, until the last day: the lines of an order, views of a detail page, carts, searches
for the brand."""

PRODUCT_ASIN = lookup([text(each.asin) for each in PRODUCTS], "product_index")
PRODUCT_PRICE = lookup([str(each.price) for each in PRODUCTS], "product_index")


def moment(prefix: str, utc: str) -> Columns:
    """The ten columns by which AMC writes one moment, local (the advertiser is in New York) and UTC."""
    local = f"timezone('America/New_York', timezone('UTC', {utc}))"
    columns: Columns = {}
    for suffix, value in (("", local), ("_utc", utc)):
        columns |= {
            f"{prefix}_dt{suffix}": value,
            f"{prefix}_date{suffix}": f"CAST({value} AS DATE)",
            f"{prefix}_day{suffix}": f"dayofmonth({value})",
            f"{prefix}_dt_hour{suffix}": f"date_trunc('hour', {value})",
            f"{prefix}_hour{suffix}": f"hour({value})",
        }
    return columns


PERSON: Columns = {
    "user_id": "CASE WHEN u(user_index, 'known') < 0.97 THEN 'user-' || lpad(CAST(user_index AS VARCHAR), 10, '0') END",
    "user_id_type": text("adUserId"),
    "iso_country_code": text("US"),
    "device_type": pick([text(each) for each in ("Phone", "PC", "Tablet", "TV")], "user_index", "device"),
    "environment_type": pick([text(each) for each in ("App", "Web")], "n", "environment"),
    "operating_system": pick([text(each) for each in ("iOS", "Android", "Windows", "macOS")], "user_index", "system"),
    "browser_family": pick([text(each) for each in ("Chrome", "Safari", "Firefox")], "user_index", "browser"),
}
CAMPAIGN: Columns = {
    "advertiser": text(ADVERTISER),
    "advertiser_id": "4471920033",
    "advertiser_timezone": text("America/New_York"),
    "entity_id": text("ENTITY1NORTHBEAM"),
    "campaign": of_campaign(lambda c: text(c.name)),
    "campaign_id": of_campaign(lambda c: str(c.campaign_id)),
    "campaign_id_string": of_campaign(lambda c: text(str(c.campaign_id))),
    "campaign_status": text("RUNNING"),
    "line_item": of_campaign(lambda c: text(c.name + " line 1")),
    "line_item_id": "CAST(7700000 + campaign_index AS BIGINT)",
    "creative": pick([text(f"Creative {each}") for each in "ABC"], "n", "creative"),
    "creative_type": text("Image"),
    "currency_iso_code": text("USD"),
    "currency_name": text("US Dollar"),
    "no_3p_trackers": "FALSE",
}
_TERM = by_segment([pick([text(term) for term in terms], "n", "term") for terms in SEARCH_TERMS])
_TARGET = by_segment([text(terms[0]) for terms in SEARCH_TERMS])
_MATCH = pick([text(each) for each in ("BROAD", "PHRASE", "EXACT")], "n", "match")
SEARCH: Columns = {
    "customer_search_term": f"CASE WHEN ad_product = 'sponsored_products' THEN {_TERM} END",
    "targeting": f"CASE WHEN ad_product = 'sponsored_products' THEN {_TARGET} END",
    "match_type": f"CASE WHEN ad_product = 'sponsored_products' THEN {_MATCH} END",
    "placement_type": text("Top of Search on-Amazon"),
}
MILLICENTS = "CAST(120 + floor(u(n, 'cost') * 500) AS BIGINT)"
"""What a DSP impression costs, in thousandths of a cent."""
MICROCENTS = "CASE WHEN clicked THEN CAST(30000000 + floor(u(n, 'cost') * 90000000) AS BIGINT) ELSE 0 END"
"""What a sponsored click costs, in millionths of a cent."""
BRAND_SEARCH = pick([text("keyword-" + term) for term in BRAND_TERMS], "line_number", "brand term")
