"""Messages: one port, two adapters (RabbitMQ and this process) that pass the same tests."""
