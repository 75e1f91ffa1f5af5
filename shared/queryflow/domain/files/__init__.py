"""Files of people as tables: which columns and types they have. Pure."""
