"""Who may do what: the folders that engine connections may read."""
