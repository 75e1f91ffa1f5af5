"""The events between the services, one file per noun; docs/messages.md and docs/asyncapi.yaml are drawn from them."""
