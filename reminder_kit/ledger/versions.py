"""Which version the ledger's tables have, and how they get to the latest.

Never loads alembic unless tables are really to be created or upgraded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING

import sqlalchemy as sa

from reminder_kit.errors import SchemaError
from reminder_kit.ledger.sql.tables import PREFIX, VERSION_TABLE, tables_of

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["VERSIONS", "is_current", "refuse", "upgrade", "version_of"]

VERSIONS = ("0001", "0002", "0003")
"""Every version there ever was, oldest first."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_REMEDY = "run `reminder-kit ledger upgrade` (kit.ledger.upgrade())"


def version_of(connection: sa.Connection, schema: str | None) -> str | None:
    """Return the version of the tables, None where there are none. Runs on any connection, reads only."""
    if connection.dialect.name == "sqlite":
        place = f'"{schema}".' if schema else ""
        found = connection.exec_driver_sql(
            f"SELECT count(*) FROM {place}sqlite_master WHERE type = 'table' AND name = '{VERSION_TABLE}'"  # noqa: S608 - constants
        ).scalar()
    else:
        place = f'"{schema}".' if schema else ""
        found = connection.execute(sa.select(sa.func.to_regclass(f"{place}{VERSION_TABLE}").is_not(None))).scalar()
    if not found:
        return None
    rows = connection.exec_driver_sql(f"SELECT version_num FROM {place}{VERSION_TABLE}").fetchall()  # noqa: S608 - constants
    return str(rows[0][0]) if rows else None


def is_current(version: str | None) -> bool:
    """Say whether this is the version this library works with."""
    return version == VERSIONS[-1]


def refuse(version: str | None, name: str) -> SchemaError:
    """Return the error that says why tables of this version can't be used."""
    if version is None:
        return SchemaError(f"ledger {name} has no tables yet: {_REMEDY}")
    if version in VERSIONS:
        return SchemaError(f"ledger {name} has tables of version {version}, {VERSIONS[-1]} is needed: {_REMEDY}")
    return SchemaError(
        f"ledger {name} has tables of version {version}, which this library does not know (it knows {VERSIONS[-1]}): "
        "install the newer reminder-kit that made them"
    )


def upgrade(connection: sa.Connection, schema: str | None, name: str, to: str | None = None) -> bool:
    """Create or upgrade the tables inside the caller's transaction; says whether there was anything to do.

    `to` is the version they get where they are older (None: the latest). On PostgreSQL a lock lets one at a time do so.
    Raises `SchemaError` where the tables are newer.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"{PREFIX}upgrade:{schema}"))))
    version, to = version_of(connection, schema), to or VERSIONS[-1]
    if version is not None and version not in VERSIONS:
        raise refuse(version, name)
    if version is not None and version >= to:
        return False
    _migrate(connection, schema, to)
    return True


def _migrate(connection: sa.Connection, schema: str | None, version: str) -> None:
    with _silent("alembic.runtime.migration", "alembic.runtime.plugins"):
        from alembic import command
        from alembic.config import Config

        command.upgrade(_configured(Config, connection, schema), version)


def _configured(kind: Callable[..., Config], connection: sa.Connection, schema: str | None) -> Config:
    config = kind(attributes={"connection": connection, "schema": schema, "version_table": VERSION_TABLE})
    config.attributes["metadata"] = tables_of(schema).metadata
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _silent(*names: str) -> Iterator[None]:
    """Keep what a library logs below a warning, for this thread's sake, out of the host's log."""
    thread = get_ident()

    def is_for_the_host(line: logging.LogRecord) -> bool:
        return line.thread != thread or line.levelno >= logging.WARNING

    loggers = [logging.getLogger(name) for name in names]
    for logger in loggers:
        logger.addFilter(is_for_the_host)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_for_the_host)
