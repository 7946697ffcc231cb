"""Runs the migrations on the connection that `skyclust.store.schema` hands over."""

from __future__ import annotations

from alembic import context

from skyclust.store.all_tables import metadata
from skyclust.store.postgresql_indexes import describe_for_postgresql
from skyclust.store.schema import VERSION_TABLE

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    describe_for_postgresql(metadata)
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # SQLite cannot alter most things in place.
    render_as_batch=True,
)
context.run_migrations()
