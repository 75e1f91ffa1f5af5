"""What the commands do with a system, one file per noun."""
