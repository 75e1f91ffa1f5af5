"""One address for the four services."""
