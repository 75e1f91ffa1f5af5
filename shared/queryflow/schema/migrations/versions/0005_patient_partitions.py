"""Months are made and dropped out of everybody's way, and the open runs of schedules have an index.

To make or drop a month takes locks that everybody is in the way of, also on the tables it refers to. The functions give
up well before PostgreSQL looks for a deadlock (after a second), and so never end the transaction of somebody at work.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

# The partition is locked before it is looked into, so that nothing can enter it between the look and the drop. One is
# dropped in each call, so that the locks of one are not held while those of the next are waited for.
DROP_AN_EMPTY_PARTITION = """
    CREATE OR REPLACE FUNCTION queryflow_drop_empty_partitions(before timestamptz) RETURNS integer
    LANGUAGE plpgsql STRICT SECURITY DEFINER
    SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
    DECLARE
        partition_name text;
        month timestamptz;
        filled boolean;
    BEGIN
        IF before > queryflow_month(-1) THEN
            RAISE EXCEPTION 'the partitions of this month and the one before stay';
        END IF;
        PERFORM pg_advisory_xact_lock(hashtext('queryflow.partitions'));
        FOR partition_name IN
            SELECT inhrelid::regclass::text FROM pg_inherits
            WHERE inhparent = 'query_flow_executions'::regclass ORDER BY 1
        LOOP
            month := to_date(right(partition_name, 7), 'YYYY_MM')::timestamp AT TIME ZONE 'UTC';
            CONTINUE WHEN month + interval '1 month' > before;
            EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', partition_name);
            EXECUTE format('SELECT EXISTS (SELECT FROM %I)', partition_name) INTO filled;
            CONTINUE WHEN filled;
            EXECUTE format('ALTER TABLE query_flow_executions DETACH PARTITION %I', partition_name);
            EXECUTE format('DROP TABLE %I', partition_name);
            RETURN 1;
        END LOOP;
        RETURN 0;
    END
    $$
"""
STATEMENTS = (
    "ALTER FUNCTION queryflow_make_partitions(integer) SET lock_timeout = '500ms'",
    "ALTER FUNCTION queryflow_retain_executions(timestamptz, integer) SET lock_timeout = '500ms'",
    DROP_AN_EMPTY_PARTITION,
    """
    CREATE INDEX idx_schedule_runs_open ON schedule_runs (schedule_id, fire_time)
    WHERE decision = 'fired' AND execution_state IS NULL
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
