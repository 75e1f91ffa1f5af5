"""Writes SQL: templates with their values, bindings, row filters, casts."""
