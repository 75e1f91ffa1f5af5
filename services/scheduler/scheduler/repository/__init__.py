"""The scheduler's SQL, a file per noun."""
