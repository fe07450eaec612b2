"""Names beside ids: what the appointments and people are called of which a plan, a report or an item speaks.

Never writes anything; what is not recorded, or was purged, has no name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from reminder_kit.model.names import NOBODY, Called
from reminder_kit.planning.plan import Plan

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit
    from reminder_kit.model.records import Identity
    from reminder_kit.planning.changes import Change
    from reminder_kit.planning.report import Report

__all__ = ["called_in", "named_changes"]


def called_in(
    kit: ReminderKit, identities: Iterable[Identity], run: Plan | Report | None = None
) -> dict[Identity, Called]:
    """Return what appointments are called: as a plan is about to record them, else as they are recorded."""
    wanted = dict.fromkeys(identities)
    coming = run.worklist.all_incoming if isinstance(run, Plan) else ()
    found = {one.identity: Called.of(one.appointment) for one in coming if one.identity in wanted}
    rest = [identity for identity in wanted if identity not in found]
    recorded: Mapping[Identity, Called] = kit.ledger.read(lambda reader: reader.looks.called(rest)) if rest else {}
    return {**found, **recorded}


def named_changes(document: dict[str, Any], changes: Iterable[Change], called: Mapping[Identity, Called]) -> None:
    """Write into the document of a run what each appointment of its changes is called, and who is written to."""
    for values, change in zip(document["changes"], changes, strict=True):
        known = called.get(change.identity, NOBODY)
        values["title"] = known.title or None
        values["name"] = known.name(change.recipient, change.to) or None
