"""Schedules: their definitions, and what becomes of a due time."""
