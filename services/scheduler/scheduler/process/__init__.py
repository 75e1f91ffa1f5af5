"""What one scheduler process holds: its settings and its clock."""
