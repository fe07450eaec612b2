"""A host's own engine: what its address says is the host's, whatever we would refuse in an address given as text."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

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
