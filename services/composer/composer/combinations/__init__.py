"""Combinations: ordered templates with shared values, which become compositions."""
