"""The rate of an account: where all who have the ledger take their places in it.

Never keeps a credential.
"""

from __future__ import annotations

from concurrent.futures import Future

from reminder_kit.delivery.accounts import account_of
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.rates import Granted, Wanted
from reminder_kit.ports import Provider
from reminder_kit.transport.shared_pace import Granting

__all__ = ["granting"]


def granting(ledger: Ledger, provider: Provider) -> Granting:
    """Return what takes places in the rate of a provider's account: one for all namespaces of the ledger."""
    account = f"{provider.name} {account_of(provider)}"

    def grant(wanted: Wanted) -> Future[Granted]:
        return ledger.submit(lambda transaction: transaction.grant(account, wanted), apart=True)

    return grant
