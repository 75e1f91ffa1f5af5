"""DuckDB over folders of files; it runs AMC's SQL too, by translation (`queryflow.sql.amc`)."""
