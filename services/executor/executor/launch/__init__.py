"""The begin of an execution: its rows, and its first nodes made ready."""
