"""What one composer process holds: its settings, its transactions, the versions it froze last."""
