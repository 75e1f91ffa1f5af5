"""What the scheduler does, a file per noun; each function works in its caller's transaction."""
