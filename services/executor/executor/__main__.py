"""Runs one executor alone: `python -m executor`; any number of them share the work."""

import sys

from executor.app import open_service
from executor.process.settings import ExecutorSettings
from queryflow.service.starting import run_service

if __name__ == "__main__":
    sys.exit(run_service(ExecutorSettings, open_service))
