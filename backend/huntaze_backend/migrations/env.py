"""Alembic's environment: it always runs on the connection that `upgrade` gives it."""

from alembic import context

from huntaze_backend.migrations.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
