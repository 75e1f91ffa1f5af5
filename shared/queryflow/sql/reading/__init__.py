"""Reads SQL: its tokens, its placeholders, its trees."""
