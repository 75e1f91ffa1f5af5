"""Saved single queries."""
