"""Echo: it does nothing."""
