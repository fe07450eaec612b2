"""Have a reminder that went out sent once more, because a person says so.

Never asks a provider: the run that follows does. Works inside a transaction that it is handed.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from reminder_kit.errors import InvalidInputError, LedgerError
from reminder_kit.model.host_data import shown_name
from reminder_kit.planning.again import refusal, wish
from reminder_kit.planning.assessment import wanted_reminders
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.reconciler.leases import LEASE

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction
    from reminder_kit.model.records import Identity
    from reminder_kit.rules.reminders import Reminder

__all__ = ["ask_again"]

_OWNER = "again"
"""The name under which an appointment is claimed for the moment of a transaction."""


def ask_again(
    identity: Identity, rule: str, recipient: str | None, settings: Settings, now: datetime, tx: Transaction
) -> None:
    """Record that a reminder is to be sent once more at `now` (UTC), or as soon as it may be then.

    `rule` is its rule's id, `recipient` the person's id or number; None: the only one. Raises `InvalidInputError` where
    there is no such reminder, or one that can't be sent again, and `LedgerError` while another worker is at it.
    """
    records = list(tx.reader.records(identities=[identity]))
    if not records:
        raise InvalidInputError(f"nothing is recorded for {shown_name(identity.id)}: check the id")
    record = records[0]
    observed = Observed.recorded(record, {})
    reminder = _meant(wanted_reminders(observed, settings, now), rule, recipient, identity)
    barred = reminder.recipient is not None and tx.is_barred(reminder.recipient.phone, settings.writer)
    if why := "the number is barred" if barred else refusal(reminder, observed, now):
        raise InvalidInputError(f"rule {rule!r} of appointment {shown_name(identity.id)} can't be sent again: {why}")
    claims = tx.claim([record.row], _OWNER, now, LEASE)
    if record.row not in claims:
        raise LedgerError(f"another worker is at work on appointment {identity.id!r}: try again in a minute")
    tx.keep_outcomes(claims[record.row], [wish(reminder, observed, now)])
    tx.expire_rows([record.row])
    tx.mark_dirty(identities=[identity])


def _meant(reminders: list[Reminder], rule: str, recipient: str | None, identity: Identity) -> Reminder:
    """Return the reminder that is meant; raises `InvalidInputError`, naming the rules that there are, for none."""
    found = [
        one
        for one in reminders
        if one.rule.id == rule
        and one.recipient is not None
        and (recipient is None or recipient in (one.recipient.key, one.recipient.phone))
    ]
    if len(found) != 1:
        known = ", ".join(dict.fromkeys(one.rule.id for one in reminders)) or "none"
        raise InvalidInputError(
            f"appointment {shown_name(identity.id)} has {len(found)} such reminders of rule {shown_name(rule)}: name "
            f"one of its rules ({known}), and one of its people"
        )
    return found[0]
