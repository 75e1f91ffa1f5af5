"""Runs status alone: `python -m status`."""

import sys

from queryflow.service.starting import run_service
from status.app import open_service
from status.process.settings import StatusSettings

if __name__ == "__main__":
    sys.exit(run_service(StatusSettings, open_service))
