"""The months of `query_flow_executions`: how partitions are made ahead, emptied and dropped, by functions with the
rights of the tables' owner, so that a service needs none of its own."""

FIRST_UUID7 = """
    CREATE FUNCTION queryflow_first_uuid7(at timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
"""

MONTH = """
    CREATE FUNCTION queryflow_month(ahead integer) RETURNS timestamptz
    LANGUAGE sql STABLE STRICT
    RETURN (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead)) AT TIME ZONE 'UTC'
"""

# The month before this one too: a clock that is a little behind may still make ids of it.
MAKE_PARTITIONS = """
    CREATE FUNCTION queryflow_make_partitions(months_ahead integer) RETURNS integer
    LANGUAGE plpgsql STRICT SECURITY DEFINER
    SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
    DECLARE
        partition_name text;
        made integer := 0;
    BEGIN
        IF months_ahead NOT BETWEEN 0 AND 24 THEN
            RAISE EXCEPTION 'months_ahead must lie between 0 and 24, not %', months_ahead;
        END IF;
        PERFORM pg_advisory_xact_lock(hashtext('queryflow.partitions'));
        FOR ahead IN -1 .. months_ahead LOOP
            partition_name := 'query_flow_executions_' || to_char(queryflow_month(ahead) AT TIME ZONE 'UTC', 'YYYY_MM');
            CONTINUE WHEN to_regclass(partition_name) IS NOT NULL;
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF query_flow_executions FOR VALUES FROM (%L) TO (%L)', partition_name,
                queryflow_first_uuid7(queryflow_month(ahead)), queryflow_first_uuid7(queryflow_month(ahead + 1))
            );
            made := made + 1;
        END LOOP;
        RETURN made;
    END
    $$
"""

RETAIN_EXECUTIONS = """
    CREATE FUNCTION queryflow_retain_executions(before timestamptz, most integer) RETURNS SETOF uuid
    LANGUAGE plpgsql STRICT SECURITY DEFINER
    SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
    BEGIN
        IF before > now() - interval '1 day' THEN
            RAISE EXCEPTION 'executions are kept for a day at least';
        END IF;
        RETURN QUERY
        DELETE FROM query_flow_executions WHERE id IN (
            SELECT id FROM query_flow_executions
            WHERE id < queryflow_first_uuid7(before) AND state NOT IN ('requested', 'running')
            ORDER BY id LIMIT most FOR UPDATE SKIP LOCKED
        )
        RETURNING id;
    END
    $$
"""

# The partition is locked before it is looked into, so that nothing can enter it between the look and the drop.
DROP_EMPTY_PARTITIONS = """
    CREATE FUNCTION queryflow_drop_empty_partitions(before timestamptz) RETURNS integer
    LANGUAGE plpgsql STRICT SECURITY DEFINER
    SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
    DECLARE
        partition_name text;
        month timestamptz;
        filled boolean;
        dropped integer := 0;
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
            dropped := dropped + 1;
        END LOOP;
        RETURN dropped;
    END
    $$
"""

STATEMENTS = (
    FIRST_UUID7,
    MONTH,
    MAKE_PARTITIONS,
    RETAIN_EXECUTIONS,
    DROP_EMPTY_PARTITIONS,
    "REVOKE EXECUTE ON FUNCTION queryflow_make_partitions(integer) FROM PUBLIC",
    "REVOKE EXECUTE ON FUNCTION queryflow_retain_executions(timestamptz, integer) FROM PUBLIC",
    "REVOKE EXECUTE ON FUNCTION queryflow_drop_empty_partitions(timestamptz) FROM PUBLIC",
    "SELECT queryflow_make_partitions(6)",
)
