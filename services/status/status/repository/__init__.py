"""The SQL of status: the projection it writes (asyncpg), and what it reads of others."""
