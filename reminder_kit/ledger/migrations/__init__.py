"""The ledger's migrations, where alembic finds them. Never imported by anything else."""
