"""Runs the scheduler alone: `python -m scheduler`."""

import sys

from queryflow.service.starting import run_service
from scheduler.app import open_service
from scheduler.process.settings import SchedulerSettings

if __name__ == "__main__":
    sys.exit(run_service(SchedulerSettings, open_service))
