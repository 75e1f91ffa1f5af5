"""What status does, a file per noun."""
