"""What happened in an execution, in its order."""
