"""The HTTP API as the command line uses it."""
