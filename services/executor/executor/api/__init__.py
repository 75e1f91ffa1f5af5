"""The executor's HTTP: health and metrics only; people talk to composer and status."""
