"""The bus between processes, on RabbitMQ."""
