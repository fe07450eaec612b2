"""What the tests of the clinic share, besides fixtures."""

from __future__ import annotations

from contextlib import contextmanager, suppress

from tests.factories import parked_texts

ADA, BEN = "+12025550123", "+12025550124"
TOLD = ["Hi Ada, Check-up tomorrow at 9:00 AM.", "See you today at 9:00 AM."]
"""What a visit three days ahead is reminded of."""


class UndoneError(Exception):
    """What a transaction is rolled back with."""


@contextmanager
def undone(using="default"):
    """Do what is inside in a transaction, or a savepoint, that is rolled back."""
    from django.db import transaction

    with suppress(UndoneError), transaction.atomic(using=using):
        yield
        raise UndoneError


def told(reminders, sandbox):
    reminders.kit.resync(only_dirty=True)
    return parked_texts(sandbox)
