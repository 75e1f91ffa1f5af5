"""The executor's SQL, set-based and guarded, one file per noun."""
