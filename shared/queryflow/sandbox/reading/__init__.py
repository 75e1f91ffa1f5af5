"""Reads files of text as typed tables, inside a worker."""
