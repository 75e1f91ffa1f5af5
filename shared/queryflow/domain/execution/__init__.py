"""How an execution goes on when nodes end, and how it ends. Pure."""
