"""How a service starts, waits, serves, tells its health and stops."""
