"""The rows every installation has: the one person until there are accounts, under a name that nobody else has, and the
engine that does nothing."""

STATEMENTS = (
    """
    INSERT INTO users (id, name)
    SELECT '00000000-0000-7000-8000-000000000001', free.name
    FROM (
        SELECT number, CASE number WHEN 1 THEN 'local' ELSE 'local-' || number END AS name
        FROM generate_series(1, 1 + (SELECT count(*) FROM users)) AS number
    ) AS free
    WHERE NOT EXISTS (SELECT FROM users WHERE users.name = free.name)
    ORDER BY free.number LIMIT 1
    """,
    "INSERT INTO engine_connections (name, engine) VALUES ('echo', 'echo')",
)
