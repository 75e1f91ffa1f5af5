"""Tries every escape in a sandbox of this process's user; prints what came of each as JSON."""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from queryflow.sandbox.jobs.job import Job, JobFailed, Query
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sandbox.settings import Limits, SandboxSettings
from tests.integration.sandbox.escapes import CANARY, ESCAPES, HARMLESS

ENDLESS = {each.sql for each in ESCAPES if each.kind == "TIMEOUT"}
SMALL = Limits(memory_mb=256, file_mb=8, disk_mb=32, answer_mb=1)


async def main(folder: Path) -> dict[str, Any]:
    """By query: its rows, or the kind and sentence of its failure."""
    secret, harmless = folder / "secret.txt", folder / "harmless.csv"
    secret.write_text(f"{CANARY}\n")
    harmless.write_text("a,b\n1,007\n")
    sandbox = Sandbox(SandboxSettings(folder=folder / "sandbox", width=3, limits=SMALL))
    await sandbox.start()
    try:
        walls = [wall.document() for wall in await sandbox.walls()]
        queries = [*(each.sql for each in ESCAPES), *HARMLESS]
        tried = await asyncio.gather(*(attempt(sandbox, folder, sql) for sql in queries))
    finally:
        await sandbox.stop()
    left = sorted(path.name for path in folder.iterdir())
    return {
        "walls": walls,
        "found": dict(zip(queries, tried, strict=True)),
        "harmless": harmless.read_text(),
        "left": left,
    }


async def attempt(sandbox: Sandbox, folder: Path, sql: str) -> Any:
    """What one query came to."""
    text = (
        sql.replace("{secret}", str(folder / "secret.txt"))
        if sql in HARMLESS
        else sql.format(secret=folder / "secret.txt")
    )
    stored, many = sql.startswith("/* stored */"), sql.startswith("/* many */")
    query = Query(
        text,
        setup=("CREATE VIEW harmless AS FROM read_csv('in/harmless.csv')",),
        file="result.parquet" if stored else None,
        rows=100 if many else 0 if stored else 5,
    )
    job = Job(
        (query,), folder, timedelta(seconds=1 if sql in ENDLESS else 30), {"harmless.csv": folder / "harmless.csv"}
    )
    try:
        [answer] = await sandbox.run(job)
    except JobFailed as failure:
        return {"kind": failure.kind.value, "message": failure.message}
    return {"rows": [list(row) for row in answer.rows]}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(Path(sys.argv[1]))), default=str))
