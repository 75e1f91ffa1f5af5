"""Result files: one port, a folder or S3 behind it."""
