"""Status: what executions do and did, told from their events and rows; results by the page; the health of the whole."""
