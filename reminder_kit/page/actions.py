"""What a person may do from the page: each is a verb of the kit, and is noted with who did it.

Never decides whether a message may go out: quiet hours, windows and opt-outs are the kit's to keep.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from reminder_kit.errors import InvalidInputError, ReminderKitError
from reminder_kit.model.reason_words import reason_words

if TYPE_CHECKING:
    from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
    from reminder_kit.model.records import Identity

__all__ = ["ACTS", "WAY", "Done", "act"]

WAY = "page"
"""By which way something was said, in the history of consent."""

Call = Callable[..., Awaitable[Any]]
"""Carries out a verb of a kit of either face."""


@frozen
class Done:
    """What came of an action, in words; `ok`: it was done."""

    words: str
    ok: bool = True


async def _suppress(kit: ReminderKit | AsyncReminderKit, call: Call, wanted: Mapping[str, Any]) -> Done:
    report = await call(kit.suppress, wanted["number"], wanted["words"], way=WAY)
    late = sum(change.outcome in ("failed", "unknown") for change in report.changes)
    return Done("Nothing is sent to this number any more.") if not late else _open(late)


async def _allow(kit: ReminderKit | AsyncReminderKit, call: Call, wanted: Mapping[str, Any]) -> Done:
    lifted = await call(kit.allow, wanted["number"], consent=wanted["words"], way=WAY)
    if not lifted:
        return Done("This number was not barred.", ok=False)
    return Done(" ".join(filter(None, ("Messages are allowed again; the next run parks what is due.", lifted.note))))


async def _retry(kit: ReminderKit | AsyncReminderKit, call: Call, wanted: Mapping[str, Any]) -> Done:
    identity: Identity = wanted["identity"]
    report = await call(kit.retry, identity.id, source=identity.source)
    return Done(f"Tried: {report.headline}.") if report.ok else _open(len(report.failed) + len(report.unknown))


async def _skip(kit: ReminderKit | AsyncReminderKit, call: Call, wanted: Mapping[str, Any]) -> Done:
    identity: Identity = wanted["identity"]
    occurrence = identity.recurrence_id or None
    report = await call(kit.withdraw, identity.id, identity.source, occurrence, keep=True)
    done = Done("Nothing is sent about this appointment any more, until it changes in its calendar.")
    return done if report.ok else _open(len(report.failed) + len(report.unknown))


async def _again(kit: ReminderKit | AsyncReminderKit, call: Call, wanted: Mapping[str, Any]) -> Done:
    identity: Identity = wanted["identity"]
    occurrence = identity.recurrence_id or None
    report = await call(kit.send_again, identity.id, wanted["rule"], wanted["recipient"], identity.source, occurrence)
    mine = [change for change in report.changes if change.rule.startswith(f"{wanted['rule']}-again")]
    if not report.ok or not mine:
        return _open(len(report.failed) + len(report.unknown) or 1)
    last = mine[-1]
    if last.send_at is None:
        return Done(f"It is not sent: {reason_words(last.reason).short}.", ok=False)
    return Done(f"It is sent once more: “{last.text}”")


async def _retry_all(kit: ReminderKit | AsyncReminderKit, call: Call, _wanted: Mapping[str, Any]) -> Done:
    report = await call(kit.retry)
    return Done(f"Tried: {report.headline}.") if report.ok else _open(len(report.failed) + len(report.unknown))


async def _seen(kit: ReminderKit | AsyncReminderKit, call: Call, wanted: Mapping[str, Any]) -> Done:
    await call(kit.attention, wanted["item"])
    return Done("Marked as seen: it is listed anew once somebody else is concerned.")


def _open(count: int) -> Done:
    return Done(f"{count} step(s) could not be done yet: the next run goes on with them.", ok=False)


ACTS = {
    "suppress": _suppress,
    "allow": _allow,
    "retry": _retry,
    "skip": _skip,
    "again": _again,
    "retry_all": _retry_all,
    "seen": _seen,
}
"""What may be done, by the word that a form posts."""


async def act(kit: ReminderKit | AsyncReminderKit, call: Call, name: str, wanted: Mapping[str, Any]) -> Done:
    """Carry out an action and say what came of it; an error of the kit is said in its words, which name the remedy."""
    if name not in ACTS:
        return Done("there is no such action", ok=False)
    if name in ("retry", "skip", "again") and wanted["identity"] is None:
        return Done("this appointment is not recorded any more", ok=False)
    if name == "again" and "rule" not in wanted:
        return Done("this message is not recorded any more", ok=False)
    try:
        return await ACTS[name](kit, call, wanted)
    except (InvalidInputError, ReminderKitError) as error:
        return Done(str(error), ok=False)
