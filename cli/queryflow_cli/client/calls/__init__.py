"""What the API is asked, one file per noun; `queryflow_cli.client` puts them together."""
