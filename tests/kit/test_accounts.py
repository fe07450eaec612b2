"""Accounts: what is paced together, and blocked together, whichever kit, namespace or process it is of."""

from __future__ import annotations

import pytest

from reminder_kit.delivery.accounts import account_of
from reminder_kit.ledger.sql.tables import tables_of
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.vonage.provider import Vonage


def rates(kit):
    """Return the accounts of whose rates the kit's ledger knows."""
    table = tables_of(None).rates
    return [row.name for row in kit.ledger.ask(lambda found: found.execute(table.select()).fetchall(), [])]


@pytest.mark.slow
def test_two_kits_on_one_ledger_share_the_rate_of_their_account(make_kit, appointment, tmp_path):
    """Of whatever namespace: the second one finds the places of the first one taken."""
    from reminder_kit.ledger.ledger import Ledger

    file = f"sqlite:///{tmp_path / 'reminders.db'}"
    first = make_kit(rate="50/s")
    first.sync(appointment())
    other = make_kit(rate="50/s", ledger=Ledger(file, namespace="other"))
    other.sync(appointment("B-1", phone="+12025550124"))
    assert rates(other) == [f"telnyx {first.settings.account}"]
    other.ledger.close()


def test_a_kit_without_a_rate_takes_no_places(make_kit, appointment):
    """And writes nothing of one."""
    kit = make_kit()
    kit.sync(appointment())
    assert rates(kit) == []


def test_a_run_with_nothing_to_ask_writes_nothing_of_the_rate(make_kit, appointment):
    """Nor does a plan: whoever looks takes no place."""
    kit = make_kit(rate="50/s")
    kit.plan(appointment())
    kit.record(appointment(days=30))
    kit.resync()
    assert rates(kit) == []


def test_an_account_is_known_by_its_key():
    """Another key is another account; without one there is none."""
    first, second = (account_of(Telnyx(key, "+12025550100")) for key in ("KEY-1", "KEY-2"))
    assert len({first, second}) == 2
    assert len(first) == len(second) == 8
    assert account_of(Telnyx(None, "+12025550100")) == ""


def test_an_application_of_vonages_is_one_account_whatever_its_token():
    """Tokens are made anew every few minutes, by each process: the application and its key are what stays."""
    pytest.importorskip("cryptography")
    times = iter([0.0, 10_000.0])
    vonage = Vonage("+12025550100", application_id="app", private_key=_pem(), clock=lambda: next(times))
    assert vonage.headers() != vonage.headers()
    assert account_of(vonage) == account_of(vonage) != ""
    assert account_of(Vonage("+12025550100", api_key="a", api_secret="b")) not in ("", account_of(vonage))


def _pem():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    kinds = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return rsa.generate_private_key(65537, 2048).private_bytes(*kinds).decode()
