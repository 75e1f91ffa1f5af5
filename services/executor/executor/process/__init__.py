"""What one executor process holds: its transactions, its attempts, its versions, its room."""
