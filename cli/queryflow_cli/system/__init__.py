"""A whole system in a home: its database, its services, what a fresh one is given."""
