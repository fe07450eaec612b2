"""The script that alembic runs migrations by, on the connection that `reminder_kit.ledger.versions` hands over.

Never opens, commits or closes a connection: the caller's transaction covers the tables and their version alike.
"""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=attributes.get("metadata"),
    version_table=attributes["version_table"],
    version_table_schema=attributes["schema"],
    include_schemas=attributes["schema"] is not None,
)
with context.begin_transaction():
    context.run_migrations()
