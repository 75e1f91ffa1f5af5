"""Nodes of an execution: their states, their SQL, their attempts."""
