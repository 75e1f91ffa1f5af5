"""One attempt at a node: claimed, run under its lease, recorded; or cancelled."""
