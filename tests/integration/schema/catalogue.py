"""What PostgreSQL itself says a schema is: the only description that checks, predicates and defaults cannot escape."""

import asyncpg

_COLUMNS = """
    SELECT format('column %s.%s %s%s default %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull THEN ' not null' ELSE '' END, coalesce(pg_get_expr(d.adbin, d.adrelid), '-'))
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid AND c.relnamespace = 'public'::regnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
"""
_CONSTRAINTS = """
    SELECT format('constraint %s.%s %s', c.relname, k.conname, pg_get_constraintdef(k.oid))
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid AND c.relnamespace = 'public'::regnamespace
    WHERE NOT c.relispartition AND k.contype <> 'n' AND (k.contype <> 'f' OR k.conparentid = 0)
"""
_INDEXES = """
    SELECT 'index ' || pg_get_indexdef(i.indexrelid)
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace
    WHERE NOT c.relispartition
"""


async def catalogue(url: str) -> set[str]:
    """Every column, constraint and index of the database, a line each; partitions and Alembic's own table left out."""
    connection = await asyncpg.connect(url)
    try:
        lines = await connection.fetch(" UNION ALL ".join((_COLUMNS, _CONSTRAINTS, _INDEXES)))
        return {line[0] for line in lines if "alembic_version" not in line[0]}
    finally:
        await connection.close()
