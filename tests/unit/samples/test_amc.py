from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from queryflow.sql.amc.amc_schema import amc_schema
from queryflow_cli.samples import amc
from queryflow_cli.samples.dataset import write_manifest
from queryflow_cli.samples.expressions import CAMPAIGN, PERSON, SEARCH, moment
from queryflow_cli.samples.tables import DUCKDB_TYPES, SAMPLE_TABLES

TINY = amc.Size(touches=3_000, users=500, days=60)
MOMENTS = ("impression", "click", "event", "conversion_event", "traffic_event")
COUNTED = ("purchases", "units_sold", "product_sales", "detail_page_view", "add_to_cart")
NAMED = {*PERSON, *CAMPAIGN, *SEARCH, "supply_source", "site", "slot_position"}
MADE = {column for prefix in MOMENTS for column in moment(prefix, "touched")} | {
    f"{prefix}{name}{suffix}"
    for name in COUNTED
    for prefix in ("new_to_brand_", "new_to_brand_total_")
    for suffix in ("", "_clicks", "_views")
}
"""Names of a pattern, which AMC follows nearly everywhere; a table takes those it has."""


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A size that takes a moment."""
    monkeypatch.setitem(amc.SIZES, "tiny", TINY)


def fingerprint(folder: Path) -> dict[str, Any]:
    """What the tables hold, whatever the order of their rows."""
    return {
        file.stem: duckdb.connect()
        .execute("SELECT count(*), sum(hash(t)) FROM read_parquet(?) AS t", [str(file)])
        .fetchone()
        for file in sorted(folder.glob("*.parquet"))
        if file.stem in SAMPLE_TABLES
    }


def test_every_column_is_official() -> None:
    """A table silently drops what it does not have of the columns that tables share; nothing else may be dropped."""
    official = {column for name in SAMPLE_TABLES for column in amc_schema()[name]}
    assert official >= NAMED | {f"{prefix}_dt_utc" for prefix in MOMENTS} | set(COUNTED)
    for name, table in SAMPLE_TABLES.items():
        assert set(table.columns) - set(amc_schema()[name]) <= NAMED | MADE, name


def test_each_table_has_the_official_columns_in_their_order_and_type(tmp_path: Path) -> None:
    made = amc.generate(tmp_path / "set", size="tiny")
    assert {name for name, rows in made.rows.items() if rows} == set(SAMPLE_TABLES)
    for name in amc_schema():
        file = str(tmp_path / "set" / f"{name}.parquet")
        found = duckdb.connect().execute("DESCRIBE FROM read_parquet(?)", [file]).fetchall()
        wanted = [(column, DUCKDB_TYPES[kind]) for column, kind in amc_schema()[name].items()]
        assert [(column, kind) for column, kind, *_ in found] == wanted


def test_a_sample_from_before_it_had_every_table_is_made_again(tmp_path: Path) -> None:
    made = amc.generate(tmp_path / "set", size="tiny")
    write_manifest(tmp_path / "set", replace(made, rows={name: made.rows[name] for name in SAMPLE_TABLES}))
    (tmp_path / "set" / "adserver_traffic.parquet").unlink()
    assert amc.generate(tmp_path / "set", size="tiny") == made
    assert (tmp_path / "set" / "adserver_traffic.parquet").is_file()


def test_the_same_seed_gives_the_same_rows_and_another_gives_others(tmp_path: Path) -> None:
    sets = {"one": 1, "same": 1, "other": 2}
    made = {}
    for name, seed in sets.items():
        amc.generate(tmp_path / name, size="tiny", seed=seed)
        made[name] = fingerprint(tmp_path / name)
    assert made["one"] == made["same"]
    assert not set(made["one"].values()) & set(made["other"].values())


def test_rows_are_counted_and_nothing_is_later_than_the_end(tmp_path: Path) -> None:
    dataset = amc.generate(tmp_path / "set", size="tiny", end_date=date(2026, 3, 31))
    counts = {name: count for name, (count, _) in fingerprint(tmp_path / "set").items()}
    assert counts == {name: rows for name, rows in dataset.rows.items() if rows}
    assert counts["dsp_impressions"] + counts["sponsored_ads_traffic"] == TINY.touches
    for table in counts:
        moments = "COLUMNS('.*_dt_utc')"
        file = str(tmp_path / "set" / f"{table}.parquet")
        latest = duckdb.connect().execute(f"SELECT max({moments}) FROM read_parquet(?)", [file]).fetchone() or ()
        days = {moment.date() for moment in latest if moment is not None}
        assert date(2026, 3, 30) <= max(days) <= date(2026, 3, 31), table


def test_what_is_there_already_is_not_made_again(tmp_path: Path) -> None:
    first = amc.generate(tmp_path / "set", size="tiny")
    made = (tmp_path / "set" / "conversions.parquet").stat().st_mtime_ns
    assert amc.generate(tmp_path / "set", size="tiny") == first
    assert (tmp_path / "set" / "conversions.parquet").stat().st_mtime_ns == made


def test_an_interrupted_generation_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SAMPLE_TABLES, "conversions", None)
    with pytest.raises(AttributeError):
        amc.generate(tmp_path / "set", size="tiny")
    assert list(tmp_path.iterdir()) == []
