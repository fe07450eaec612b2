"""Claimed: the appointments that are worked on at once, each with all that share a number with it in its reach.

Never asks the provider. Claims inside a transaction that it is handed: an appointment with its whole group, or not.

So nobody else changes what a decision depends on while it is carried out, and where one of a group comes to something
else than was decided, the others are decided again at once, by the same worker.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import frozen

from reminder_kit.errors import ReminderKitError
from reminder_kit.model.messages import Message
from reminder_kit.model.records import AppointmentRecord, Claim, Identity
from reminder_kit.planning.busy_days import Visit
from reminder_kit.planning.settings import Settings
from reminder_kit.reconciler.leases import LEASE, is_dead
from reminder_kit.reconciler.sharing import groups_of
from reminder_kit.reconciler.work_item import WorkItem

if TYPE_CHECKING:
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Claimed", "by_id", "claim_groups"]

Group = frozenset[int]
"""The rows of appointments that are claimed together."""


@frozen
class Claimed:
    """The work items of one batch, with the groups in which they were claimed."""

    works: Sequence[WorkItem] = ()
    groups: Sequence[Group] = ()

    @property
    def active(self) -> list[WorkItem]:
        """Those for which anything is to be done."""
        return [work for work in self.works if work.active]

    def unfinished(self) -> list[WorkItem]:
        """Return what is to be decided again: where things came otherwise than was decided, with their groups."""
        otherwise = {work.record.row for work in self.works if work.decide_again or work.came_otherwise}
        concerned = [group for group in self.groups if not group.isdisjoint(otherwise)] if otherwise else []
        rows = otherwise.union(*concerned)
        return [work for work in self.works if work.record.row in rows]


def by_id(messages: Iterable[Message]) -> dict[str, Message]:
    """Return messages by our id."""
    return {message.id: message for message in messages}


def claim_groups(
    identities: Sequence[Identity],
    wanted: Collection[Identity],
    owner: str,
    now: datetime,
    settings: Settings,
    tx: Transaction,
) -> Claimed:
    """Claim appointments, each with its group, that are free or held by a process of this machine that is dead.

    They come in the order of `identities`, and the others of their groups after them; anything is to be done for those
    and for what is `wanted` besides. `now` is UTC.
    """
    rows = sorted(tx.reader.rows(identities).values())
    known = tx.reader.phones(rows)
    claims, groups = _claimed(rows, known, owner, now, settings, tx)
    records = tx.reader.read(claims)
    if tx.add_phones(_unlisted(records, rows, known)):  # an older library, at work on the same ledger, lists no numbers
        before = claims
        claims, groups = _claimed(rows, tx.reader.phones(rows), owner, now, settings, tx)
        tx.expire_rows(sorted(before.keys() - claims.keys()))  # of a group that is not to be had, after all
        records = tx.reader.read(claims)
    position = {identity: index for index, identity in enumerate(identities)}
    last = len(position)
    works = [
        WorkItem(
            claims[record.row],
            record,
            by_id(record.messages),
            active=record.identity in position or record.identity in wanted,
        )
        for record in sorted(records, key=lambda record: position.get(record.identity, last))
    ]
    return Claimed(works, [group for group in groups if claims.keys() >= group])


def _claimed(
    rows: Collection[int],
    visits: Mapping[int, Sequence[Visit]],
    owner: str,
    now: datetime,
    settings: Settings,
    tx: Transaction,
) -> tuple[dict[int, Claim], list[Group]]:
    groups = groups_of(tx.reader, rows, visits, settings)
    claims = tx.claim_groups(groups, owner, now, LEASE)
    missing = sorted(set[int]().union(*groups) - claims.keys())
    if dead := [holder for holder in tx.holders(missing) if is_dead(holder)]:
        tx.expire(dead, missing)  # these rows are locked already: no others, or two workers might wait for each other
        claims |= tx.claim_groups([group for group in groups if not claims.keys() >= group], owner, now, LEASE)
    return claims, groups


def _unlisted(
    records: Iterable[AppointmentRecord], rows: Collection[int], known: Mapping[int, Sequence[Visit]]
) -> dict[int, list[Visit]]:
    """Return, by row, the visits of which the ledger does not know that these appointments are for them."""
    found = {record.row: _visits(record) for record in records if record.dirty and record.row in rows}
    return {
        row: missing
        for row, visits in found.items()
        if (missing := [visit for visit in visits if visit not in known.get(row, ())])
    }


def _visits(record: AppointmentRecord) -> list[Visit]:
    with suppress(ReminderKitError, ValueError):  # its decision reports that it can't be read here
        wanted = record.wanted
        return [(name, wanted.start_at) for one in wanted.recipients for name in one.addresses] if wanted else []
    return []
