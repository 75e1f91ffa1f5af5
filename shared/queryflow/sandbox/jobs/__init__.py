"""What a job of the sandbox is, and how its columns are cast."""
