"""What routes are given."""
