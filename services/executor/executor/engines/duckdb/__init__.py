"""DuckDB over folders of files: what the tables are, how they are read, how a query runs in the sandbox."""
