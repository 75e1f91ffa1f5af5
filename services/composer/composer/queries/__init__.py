"""Single queries: a template or a text that runs as a flow of one node."""
