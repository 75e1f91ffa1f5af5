"""The options that several commands share, and the database that the environment names."""

import os
from pathlib import Path
from typing import Annotated

import typer

from queryflow.domain.errors import Refused

Home = Annotated[
    Path | None, typer.Option(help="Where data is kept; else QUERYFLOW_HOME, else ~/.queryflow.", file_okay=False)
]
Ephemeral = Annotated[bool, typer.Option("--ephemeral", help="A throw-away home, gone afterwards.")]
Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object; an error, too.")]
Data = Annotated[
    Path | None,
    typer.Option(
        help="A folder with a table per file; what is run now runs on it, whatever else is in the home.",
        exists=True,
        file_okay=False,
        resolve_path=True,
    ),
]
Server = Annotated[
    str | None,
    typer.Option(
        help="The URL of a system that runs elsewhere; its token in QUERYFLOW_TOKEN.", envvar="QUERYFLOW_SERVER"
    ),
]
Csv = Annotated[bool, typer.Option("--csv", help="Print all rows as CSV.")]
Queries = Annotated[bool, typer.Option("--sql", help="Print the SQL each node sent.")]
Parameters = Annotated[list[str] | None, typer.Option("--param", help="name=value; a list as a,b,c. Repeatable.")]


def named_database() -> str:
    """The URL in QUERYFLOW_DATABASE_URL; Refused if it names none."""
    url = os.environ.get("QUERYFLOW_DATABASE_URL")
    if not url:
        raise Refused("QUERYFLOW_DATABASE_URL names no database; set it to postgresql://user:password@host/database.")
    return url
