"""QueryFlow's shared code: the pure core (`domain`, `sql`, `messages`), the tables, the sandbox and the runtime."""

__version__ = "0.1.0"
