"""The rows every installation has: the one person until there are accounts, and the engine that does nothing."""

STATEMENTS = (
    "INSERT INTO users (id, name) VALUES ('00000000-0000-7000-8000-000000000001', 'local')",
    "INSERT INTO engine_connections (name, engine) VALUES ('echo', 'echo')",
)
