"""The composer's HTTP API: thin routes, a file per noun."""
