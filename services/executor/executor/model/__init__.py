"""What the executor speaks of: attempts and how they end, facts, versions that can run. Pure."""
