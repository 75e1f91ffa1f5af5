"""The HTTP API of status: thin routes that only read, a file per noun."""
