"""Flows and templates: their documents, what they mean, and what is wrong with them. Pure."""
