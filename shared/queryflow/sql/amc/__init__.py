"""The SQL of Amazon Marketing Cloud: its tables, its functions, and how DuckDB runs it."""
