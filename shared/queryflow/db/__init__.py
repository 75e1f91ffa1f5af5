"""PostgreSQL: pools, transactions, the outbox, dead letters."""
