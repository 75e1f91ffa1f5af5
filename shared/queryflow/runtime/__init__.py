"""The only other shared input and output: settings, database, bus, outbox, objects, logs, telemetry, health."""
