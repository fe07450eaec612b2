"""A host's own engine: what its address says is the host's, whatever we would refuse in an address given as text."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from reminder_kit.errors import ConfigurationError


def test_options_in_the_address_of_an_engine_are_the_hosts(ledgers, tmp_path):
    """They are taken with an engine, and refused in a text, which is opened by ourselves."""
    url = f"sqlite:///{tmp_path / 'a.db'}?timeout=5"
    engine = sa.create_engine(url)
    ledgers(engine).upgrade()
    assert (tmp_path / "a.db").exists()
    engine.dispose()
    with pytest.raises(ConfigurationError, match="options"):
        ledgers(url).upgrade()


@pytest.mark.parametrize("given", [False, True], ids=["an address", "the host's engine"])
@pytest.mark.parametrize("default", ["serializable", "repeatable read"])
def test_whatever_isolation_a_database_has_by_default_writing_is_read_committed(
    ledgers, postgres_ledger_url, default, given
):
    """So that of workers who meet each waits for a row, and none fails; what is read is one snapshot all the same."""
    host = sa.create_engine(make_url(postgres_ledger_url).set(drivername="postgresql+psycopg"))
    with host.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.dialect.identifier_preparer.quote(make_url(postgres_ledger_url).database)
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_isolation = '{default}'")
    host.dispose()
    ledger = ledgers(host if given else postgres_ledger_url)

    def asked(connection):
        return connection.exec_driver_sql("SHOW transaction_isolation").scalar()

    for _ in range(2):
        with ledger._database.writing() as connection:
            assert asked(connection) == "read committed"
        assert ledger.ask(asked, None) == "repeatable read"
    host.dispose()
