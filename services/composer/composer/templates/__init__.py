"""Templates: saved, read, and what runs tell of their columns."""
