"""What the composer reads and writes, a file per noun."""
