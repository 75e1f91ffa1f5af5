"""Runs the chain on the connection that `queryflow.schema.migrate` holds, inside its transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
