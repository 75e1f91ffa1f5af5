"""What every HTTP API of ours has: its guard, its errors, its pages."""
