"""Where alembic finds the ledger's migrations. Never imported otherwise."""
