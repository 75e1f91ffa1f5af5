"""Logs: one JSON object a line, with a sentence, an `action` and ids; never parameters or credentials."""

import logging
import re
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_CREDENTIALS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/@\s]+@", re.IGNORECASE)
_ROW = re.compile(
    r"(?<=\n)(?P<margin>[ |]*)DETAIL:.*?"
    r"(?=\n[ |]*\[SQL: |\n[ |]*\n[ |]*(?:The above exception|During handling)|\n[ |]*\+-|\Z)",
    re.DOTALL,
)
"""PostgreSQL's detail of an error, to where the traceback continues: it quotes the row that was refused."""
LARGEST_FILE_BYTES = 10_000_000
NOISY = ("aiormq", "aio_pika", "faststream", "uvicorn.access", "botocore", "asyncio", "httpx2")


def configure_logs(level: str = "INFO", file: Path | None = None) -> None:
    """Send every log record of the process to standard error, or to a file, as JSON, also those of libraries."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_credentials,
        hide_rows,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr) if file is None else _file_handler(file)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=_ending(), foreign_pre_chain=shared))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _file_handler(file: Path) -> logging.Handler:
    """The file; a full one is kept and a new one begun."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    logging.raiseExceptions = False  # on a full disk each record would put a stack trace on the terminal
    return RotatingFileHandler(file, maxBytes=LARGEST_FILE_BYTES, backupCount=1, encoding="utf-8")


def hide_credentials(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """The record without user names and passwords inside addresses."""
    return {key: _hide(value) for key, value in event.items()}


def hide_rows(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """The record without the values of a row that the database refused."""
    if isinstance(traceback := event.get("exception"), str):
        event["exception"] = _ROW.sub(r"\g<margin>DETAIL: (not logged)", traceback)
    return event


def _hide(value: Any) -> Any:
    if isinstance(value, str):
        return _CREDENTIALS.sub(r"\g<scheme>***@", value)
    return value


def _ending() -> list[Processor]:
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer(default=str)]
