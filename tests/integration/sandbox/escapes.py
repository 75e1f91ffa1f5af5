"""Attempts to leave the sandbox by SQL, and why each must fail."""

from dataclasses import dataclass

CANARY = "canary-7f3a9c"
"""Stands in the file that no query may read."""


@dataclass(frozen=True, slots=True)
class Escape:
    """A query that tries what it may not. `{secret}` in it is the absolute path of the file with the canary."""

    sql: str
    kind: str
    reason: str
    """A part of the sentence with which it must be refused."""


def _refused(kind: str, reason: str, *queries: str) -> list[Escape]:
    return [Escape(sql, kind, reason) for sql in queries]


OUTSIDE = _refused(
    "FORBIDDEN",
    "file system operations are disabled",
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM read_csv_auto('/etc/passwd', sep=':')",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM read_parquet('{secret}')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM parquet_metadata('{secret}')",
    "SELECT * FROM parquet_schema('{secret}')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM glob('../*')",
    "SELECT * FROM glob('/**')",
    "SELECT * FROM glob('**')",
    "SELECT * FROM '/etc/passwd.csv'",
    "SELECT * FROM read_text('in/../../../../secret.txt')",
    "SELECT * FROM read_text('../2/in/secret.txt')",
    "SELECT * FROM read_text('/proc/self/environ')",
    "SELECT * FROM read_text('/proc/1/environ')",
    "SELECT * FROM read_blob('/proc/self/mem')",
    "SELECT * FROM read_blob('/proc/self/fd/3')",
    "SELECT * FROM read_text('/proc/self/root/etc/passwd')",
    "SELECT * FROM read_text('file:{secret}')",
    "SELECT * FROM read_text('~/.bashrc')",
    "SELECT * FROM read_csv({{'filename': '~/../..{secret}'}}::VARIANT)",
    "SELECT * FROM read_csv({{'filename': '{secret}'}}::VARIANT)",
    "SELECT * FROM query('SELECT * FROM read_text(''{secret}'')')",
    "SELECT (SELECT content FROM read_text('{secret}'))",
    "SELECT * FROM read_text(['in/harmless.csv', '{secret}'])",
    "WITH x AS (SELECT * FROM read_text('{secret}')) SELECT * FROM x",
    "SELECT * FROM read_ndjson_objects('{secret}')",
    "SELECT * FROM read_duckdb('{secret}')",
    "SELECT * FROM parquet_full_metadata('{secret}')",
    "SELECT * FROM parquet_bloom_probe('{secret}', 'a', 1)",
    "SELECT * FROM system.main.read_text('{secret}')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''{secret}'')'))",
    "SUMMARIZE FROM read_text('{secret}')",
    "SELECT * FROM read_text('/proc/self/cwd/../../../../secret.txt')",
    "SELECT * FROM read_text('file://localhost{secret}')",
    "SELECT * FROM read_csv('https://example.com/x.csv')",
    "SELECT * FROM read_text('http://169.254.169.254/latest')",
    "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
)
NOT_ONE_SELECT = _refused(
    "VALIDATION",
    "exactly one SELECT",
    "COPY (SELECT 1) TO '{secret}'",
    "COPY (SELECT 1) TO 'in/harmless.csv'",
    "EXPORT DATABASE '/var/tmp/x'",
    "IMPORT DATABASE '/var/tmp/x'",
    "ATTACH '{secret}' AS x",
    "DETACH memory",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL httpfs FROM 'http://example.com'",
    "SET enable_external_access = true",
    "SET home_directory = '/root'",
    "RESET lock_configuration",
    "PRAGMA enable_profiling",
    "CALL enable_logging()",
    "USE memory",
    "CREATE TABLE t (i INT)",
    "CREATE OR REPLACE VIEW harmless AS SELECT 1",
    "CREATE SECRET s (TYPE s3)",
    "CREATE MACRO m() AS 1",
    "INSERT INTO harmless VALUES (1)",
    "UPDATE harmless SET a = 1",
    "DELETE FROM harmless",
    "DROP VIEW harmless",
    "PREPARE x AS SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "CHECKPOINT",
    "BEGIN",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY (SELECT 1) TO 'out/x'",
    "ROLLBACK; CREATE TABLE t (i INT); SELECT 1",
    "",
    "-- nothing",
    "WITH x AS (COPY (SELECT 1) TO 'out/x.csv') SELECT * FROM x",
    "WITH x AS (COPY (SELECT 1) TO 'in/harmless.csv') SELECT * FROM x",
    "SELECT EXISTS(WITH x AS (COPY (SELECT 1) TO 'out/x.csv') SELECT * FROM x)",
    "WITH x AS (INSERT INTO harmless VALUES (1) RETURNING *) SELECT * FROM x",
    "WITH x AS MATERIALIZED (DELETE FROM harmless RETURNING *) FROM x",
    "SELECT (WITH x AS (UPDATE harmless SET a = 2 RETURNING a) SELECT a FROM x)",
    "FROM range(1), LATERAL (WITH x AS (COPY (SELECT 1) TO 'out/x.csv') FROM x)",
    "MERGE INTO harmless USING harmless h ON true WHEN MATCHED THEN DELETE",
    "COPY FROM DATABASE memory TO memory",
    "ATTACH 'http://127.0.0.1/x.db' AS x (READ_ONLY)",
    "SET VARIABLE x = 1",
    "PRAGMA add_parquet_key('k', '0123456789112345')",
    "UPDATE EXTENSIONS",
    "SELECT 1; /* ; */ COPY (SELECT 1) TO 'out/x' -- ;",
)
UNKNOWN = [
    *_refused("VALIDATION", "getenv does not exist", "SELECT getenv('PATH')"),
    *_refused("VALIDATION", "set_config does not exist", "SELECT set_config('threads', '8')"),
    *_refused("MISSING", "does not exist", "SELECT * FROM query_table('{secret}')"),
    *_refused("VALIDATION", "not in the catalog", "FROM st_read('{secret}')", "FROM sqlite_scan('{secret}', 't')"),
    *_refused("VALIDATION", "No function matches", "FROM pandas_scan(140000000000000)", "FROM arrow_scan(1, 2, 3)"),
    *_refused("VALIDATION", "Type with name POINTER", "FROM pandas_scan(140000000000000::POINTER)"),
    *_refused(
        "VALIDATION", "single SELECT", "FROM query('ATTACH ''{secret}'' AS x')", "FROM query('SELECT 1; SELECT 2')"
    ),
    *_refused("VALIDATION", "cannot contain subqueries", "FROM read_text((SELECT '{secret}'))"),
    *_refused("MISSING", "does not exist", "SELECT * FROM connection", "SELECT * FROM os", "SELECT * FROM sys"),
    *_refused("VALIDATION", "syntax error", "SELECT 1) TO '/var/tmp/x' --"),
    *_refused("VALIDATION", "unterminated", "SELECT 1 /*"),
    *_refused(
        "VALIDATION",
        "COPY statement must be at the top",
        "FROM query('WITH x AS (COPY (FROM harmless) TO ''out/x'') FROM x')",
    ),
    *_refused("VALIDATION", "configuration has been locked", "SELECT * FROM enable_logging()"),
    *_refused(
        "VALIDATION",
        "configuration has been locked",
        "FROM enable_logging(storage='file', storage_config={{'path': '{secret}'}})",
    ),
    *_refused("VALIDATION", "configuration has been locked", "SELECT * FROM enable_profiling()"),
    *_refused("FORBIDDEN", "may only read", "SELECT * FROM force_checkpoint()"),
    *_refused("FORBIDDEN", "Cannot access", "SELECT * FROM duckdb_extensions()"),
]
BOMBS = [
    *_refused(
        "TIMEOUT",
        "ran longer",
        "SELECT count(*) FROM range(10000000000) a, range(100000) b WHERE a.range % 7 = b.range % 11",
    ),
    *_refused(
        "TIMEOUT", "ran longer", "WITH RECURSIVE r AS (SELECT 1 i UNION ALL SELECT i + 1 FROM r) SELECT max(i) FROM r"
    ),
    *_refused("REJECTED", "memory", "SELECT length(repeat('x', 2000000000)) + length(repeat('y', 2000000000))"),
    *_refused("REJECTED", "memory", "SELECT list(i) FROM range(1000000000) t(i)"),
    *_refused(
        "REJECTED", "writes more", "SELECT count(DISTINCT i::VARCHAR || repeat('x', 100)) FROM range(100000000) t(i)"
    ),
    *_refused(
        "REJECTED", "writes more", "/* stored */ SELECT repeat(random()::VARCHAR, 100) AS x FROM range(100000000) t(i)"
    ),
    *_refused("REJECTED", "larger than", "/* many */ SELECT repeat('x', 50000) FROM range(100)"),
    *_refused("VALIDATION", "depth", "SELECT " + "(" * 20_000 + "1" + ")" * 20_000),
]
HARMLESS = {
    "SELECT * FROM duckdb_secrets()": [],
    "SELECT current_setting('home_directory')": [[""]],
    "SELECT current_setting('allowed_directories')": [[["/in/", "/out/", "/out/spilled/"]]],
    "SELECT name FROM duckdb_settings() WHERE contains(value, split('{secret}', '/')[2])": [],
    "SELECT path FROM duckdb_databases() WHERE path IS NOT NULL": [],
    "FROM duckdb_variables()": [],
    "SELECT a, b FROM 'in/harmless.csv'": [[1, "007"]],
    'SELECT \'"type":"COPY_QUERY_NODE"\' AS x': [['"type":"COPY_QUERY_NODE"']],
}
"""What may be asked, and has nothing to tell."""
ESCAPES = [*OUTSIDE, *NOT_ONE_SELECT, *UNKNOWN, *BOMBS]
