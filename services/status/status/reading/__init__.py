"""What routes read of executions and nodes."""
