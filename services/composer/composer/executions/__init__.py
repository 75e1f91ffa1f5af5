"""Executions: accepted, stored, said, and asked to end."""
