"""The message bus: one port, two adapters (`rabbit`, `local`) that mean the same."""
