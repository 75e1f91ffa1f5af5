"""What a crash left, found in the rows and put right."""
