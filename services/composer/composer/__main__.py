"""Runs the composer alone: `python -m composer`."""

import sys

from composer.app import open_service
from composer.process.settings import ComposerSettings
from queryflow.service.starting import run_service

if __name__ == "__main__":
    sys.exit(run_service(ComposerSettings, open_service))
