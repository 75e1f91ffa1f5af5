"""What the fourth phase adds, by area; like every revision, never changed once released."""
