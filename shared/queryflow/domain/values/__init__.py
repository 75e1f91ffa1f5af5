"""Values of parameters: their types and rules, and how a JSON value becomes one. Pure."""
