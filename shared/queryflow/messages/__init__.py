"""The events between the services, one file per noun; docs/messages.md and the AsyncAPI document are generated from them."""
