"""Servers of our own for a laptop and for tests: PostgreSQL and RabbitMQ."""
