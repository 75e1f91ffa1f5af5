"""Engine connections: which there are, and what they read."""
