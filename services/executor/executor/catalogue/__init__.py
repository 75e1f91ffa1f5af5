"""The tables of engine connections, looked at on request."""
