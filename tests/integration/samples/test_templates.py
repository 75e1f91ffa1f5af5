"""The shipped templates on the sample data, through the engine and its sandbox, as the executor runs them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pytest

from executor.engines.duckdb.engine import DuckDBEngine
from executor.engines.port import ConnectionSettings, Produced, Work
from queryflow.domain.flow.flow import Flow
from queryflow.domain.flow.flow_file import read_flow
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.template_file import read_template
from queryflow.domain.flow.windows import ResolvedWindow, resolve_window
from queryflow.domain.ids import ExecutionId, NodeId
from queryflow.domain.values.parameters import Values
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sandbox.settings import Limits, SandboxSettings
from queryflow_cli.samples import amc, flights
from queryflow_cli.system.library import flow_texts, template_texts

TEMPLATES: dict[str, Template] = {template.template_id: template for template in map(read_template, template_texts())}
AMC = [name for name, template in TEMPLATES.items() if template.dialect == "amc"]
FLOWS: dict[str, Flow] = {flow.composition_id: flow for flow in map(read_flow, flow_texts())}


def test_the_library_has_the_seventeen_templates_of_amc_and_three_of_flights() -> None:
    assert len(AMC) == 17
    assert sorted(set(TEMPLATES) - set(AMC)) == ["route_aircraft", "route_delays", "weather_on_days"]


class Runner:
    """Runs templates on a folder of sample data."""

    def __init__(self, sandbox: Sandbox, folder: Path, attempts: Path, window: ResolvedWindow) -> None:
        self._engine = DuckDBEngine(sandbox)
        self._folder = folder
        self._attempts = attempts
        self._window = window

    async def rows(self, template: Template, **values: Any) -> list[dict[str, Any]]:
        """The rows the template gives with these values; the others are its defaults."""
        chosen = {each.name: each.default for each in template.parameters if each.default is not None} | values
        produced = await self._engine.run(self._work(template, chosen))
        assert produced.file is not None
        self._promised(template, produced)
        rows = duckdb.connect().execute("FROM read_parquet(?)", [str(produced.file)]).fetchall()
        names = [column.name for column in produced.columns]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _promised(self, template: Template, produced: Produced) -> None:
        assert [column.name for column in produced.columns] == [output.name for output in template.outputs]

    def _work(self, template: Template, values: Values) -> Work:
        directory = self._attempts / f"{len(list(self._attempts.iterdir()))}"
        directory.mkdir()
        return Work(
            execution_id=ExecutionId(UUID(int=1)),
            node_id=NodeId("node"),
            attempt=1,
            fence=1,
            template=template,
            values=values,
            window=self._window,
            connection=ConnectionSettings("sample", "duckdb", {"folder": str(self._folder)}),
            directory=directory,
            timeout=timedelta(seconds=60),
        )


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    """Running, with as much memory as a node needs here."""
    running = Sandbox(SandboxSettings(folder=tmp_path_factory.mktemp("home") / "sandbox", limits=Limits(memory_mb=512)))
    await running.start()
    yield running
    await running.stop()


def runner(sandbox: Sandbox, folder: Path, window: ResolvedWindow) -> Runner:
    (folder / "attempts").mkdir()
    return Runner(sandbox, folder / "data", folder / "attempts", window)


@pytest.fixture(scope="module")
def advertiser(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Runner:
    """The made-up advertiser, in the window that the example flow has by default."""
    folder = tmp_path_factory.mktemp("advertiser")
    dataset = amc.generate(folder / "data")
    return runner(sandbox, folder, resolve_window(FLOWS["comp_top_overlap_paths"].window, dataset.end_date))


@pytest.fixture(scope="module")
async def outcomes(advertiser: Runner) -> list[dict[str, Any]]:
    """What the first template of the flows finds."""
    return await advertiser.rows(TEMPLATES["campaign_outcomes"])


async def test_there_are_campaigns_of_both_kinds_to_choose_from(outcomes: list[dict[str, Any]]) -> None:
    dsp = [row for row in outcomes if row["ad_product"] == "dsp"]
    assert len(dsp) >= 5
    assert len(outcomes) - len(dsp) >= 5
    assert len({row["sales"] for row in outcomes}) == len(outcomes)


@pytest.fixture(scope="module")
async def values(advertiser: Runner, outcomes: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What the templates need and have no default for: campaigns and products that sold something."""
    campaigns = [row["campaign_id_string"] for row in outcomes]
    products = await advertiser.rows(TEMPLATES["asin_performance"], campaign_ids=campaigns)
    asins = [row["tracked_asin"] for row in products if row["tracked_asin"] is not None]
    return {
        "campaign_ids": campaigns,
        "dsp_campaign_ids": [row["campaign_id_string"] for row in outcomes if row["ad_product"] == "dsp"],
        "sponsored_campaign_ids": [row["campaign_id_string"] for row in outcomes if row["ad_product"] != "dsp"],
        "anchor_asins": asins,
        "asins": asins,
    }


async def test_many_products_share_buyers(advertiser: Runner, values: dict[str, list[str]]) -> None:
    rows = await advertiser.rows(TEMPLATES["asins_bought_together"], anchor_asins=values["anchor_asins"])
    pairs = {frozenset((row["anchor_asin"], row["co_asin"])) for row in rows if row["shared_buyers"] >= 100}
    assert len(pairs) >= 10


@pytest.mark.parametrize("name", AMC)
async def test_every_template_finds_rows(advertiser: Runner, values: dict[str, list[str]], name: str) -> None:
    template = TEMPLATES[name]
    wanted = {each.name for each in template.parameters}
    rows = await advertiser.rows(template, **{key: value for key, value in values.items() if key in wanted})
    assert rows
    for column in rows[0]:
        assert any(row[column] is not None for row in rows), column


async def test_the_flights_flow_finds_rows_in_every_node(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("flights")
    dataset = flights.extract(folder / "data")
    assert dataset.rows["flights"] == 336_776
    table = runner(sandbox, folder, resolve_window(None, dataset.end_date))
    routes = await table.rows(TEMPLATES["route_delays"], minimum_flights=500)
    worst = sorted(routes, key=lambda row: -row["average_delay"])[:5]
    aircraft = await table.rows(TEMPLATES["route_aircraft"], routes=[row["route"] for row in worst])
    days = sorted({row["worst_day"] for row in aircraft if row["flights"] >= 20})[:10]
    weather = await table.rows(
        TEMPLATES["weather_on_days"], origins=sorted({row["origin"] for row in worst}), days=days
    )
    assert len(routes) > 50
    assert aircraft
    assert {row["day"] for row in weather} == set(days)
