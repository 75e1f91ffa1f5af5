"""What became of due times."""
