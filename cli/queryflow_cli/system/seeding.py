"""What a fresh installation is given: the sample data with its engine connections, the shipped templates and flows."""

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path

from composer.connections.setup import EngineConnectionDefinition, put_engine_connection
from queryflow.access.actor import LOCAL
from queryflow.db.pool import open_engine
from queryflow.domain.flow.flow_file import flow_to_document, read_flow
from queryflow.domain.flow.template_file import read_template, template_to_document
from queryflow.engines.duckdb.kind import DUCKDB
from queryflow_cli.client.client import Client, RefusedByServer
from queryflow_cli.samples import amc
from queryflow_cli.samples.amc import Told
from queryflow_cli.samples.dataset import read_manifest
from queryflow_cli.system.library import flow_texts, template_texts

SAMPLE = "sample"
"""The engine connection to the made-up advertiser's data."""


def sample_folder(home: Path) -> Path:
    """Where the made-up advertiser's data lives."""
    return home / "samples" / "amc"


async def connect_sample(home: Path, database_url: str, told: Told) -> None:
    """Make the sample data where it is missing, and the engine connection `sample` that reads it."""
    folder = sample_folder(home)
    await asyncio.to_thread(partial(amc.generate, folder, told=told))
    await connect_folder(SAMPLE, folder, database_url)


async def connect_folder(name: str, folder: Path, database_url: str) -> None:
    """Make the engine connection of that name read the folder: a table per Parquet or CSV file.

    A folder with a manifest says up to which day its data goes; any other is taken to go on until today.
    """
    dataset = read_manifest(folder)
    as_of = None if dataset is None else dataset.end_date
    definition = EngineConnectionDefinition(name, DUCKDB.name, {"folder": str(folder)}, as_of, DUCKDB.capacity.places)
    engine = open_engine(database_url, role="queryflow_composer", size=1)
    try:
        async with engine.begin() as connection:
            await put_engine_connection(connection, definition, LOCAL)
    finally:
        await engine.dispose()


async def load_library(client: Client) -> None:
    """Save the shipped templates and flows that are missing; what somebody changed or took out stays as it is."""
    known = await client.template_ids()
    for text in template_texts():
        template = read_template(text)
        if template.template_id not in known:
            await client.create_template(template_to_document(template))
    known = await client.composition_ids()
    for text in flow_texts():
        flow = read_flow(text)
        if flow.composition_id not in known:
            with suppress(RefusedByServer):  # deleted by its owner: the id is taken, and it is not ours to bring back
                await client.save_composition(flow_to_document(flow))
