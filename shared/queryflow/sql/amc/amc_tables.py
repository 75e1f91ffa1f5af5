"""By which column AMC filters each of its tables to the window of a run."""

BY_IMPRESSION = (
    "dsp_impressions",
    "dsp_video_events_feed",
    "dsp_impressions_by_matched_segments",
    "dsp_impressions_by_user_segments",
)
BY_EVENT = (
    "dsp_views",
    "sponsored_ads_traffic",
    "conversions",
    "conversions_all",
    "conversions_with_relevance",
    "adserver_traffic",
    "adserver_conversions",
    "adserver_conversions_with_brand",
    "amazon_brand_store_page_views",
    "amazon_brand_store_engagement_events",
    "amazon_brand_store_page_views_non_endemic",
    "amazon_brand_store_engagement_events_non_endemic",
)
BY_OWN_COLUMN = {
    "dsp_clicks": "click_dt_utc",
    "amazon_attributed_events_by_conversion_time": "conversion_event_dt_utc",
    "amazon_attributed_events_by_traffic_time": "traffic_event_dt_utc",
    "amazon_retail_purchases": "purchase_dt_utc",
    "amazon_pvc_streaming_events_feed": "pv_playback_dt_utc",
}


def _time_columns() -> dict[str, str]:
    columns = dict.fromkeys(BY_IMPRESSION, "impression_dt_utc") | dict.fromkeys(BY_EVENT, "event_dt_utc")
    columns |= BY_OWN_COLUMN
    return columns | {f"{table}_for_audiences": column for table, column in columns.items()}


TIME_COLUMNS = _time_columns()
"""The time column of each table; a table that is not here (segments, vehicles, …) is not filtered."""
