"""How facts become states, and how rows are shown. Pure."""
