"""What one status process holds."""
