"""The only shared code that does input and output: settings, database, bus, outbox, objects, logs, telemetry, health."""
