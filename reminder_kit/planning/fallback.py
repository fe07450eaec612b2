"""Fallbacks: one more reminder, through another sender, where the message of a reminder did not arrive.

Pure: no clock, no I/O. Never made for corrections, or where no other sender would do better (an opt-out, a landline).

- A fallback is a `Reminder` derived from another one and its messages, as a correction is: with a key of its own
  (a digest of the other's), the rule id `<rule>-fallback`, and `instead`, which says what it stands in for.
- From there on it is a reminder like any other: placed, rendered, parked with its intent first, settled, withdrawn
  when its reminder is refused, moved or gone. `Settings.of` and `Dispatchers.of` say through which provider it goes.
- It is due where every message that went out for this start and number is `undelivered`, no code says that the number
  itself is at fault, and nothing is parked; or, at the reminder's usual time, where the provider refused to park the
  message because of its sender (`REFUSED_SENDER`), until that is tried again.
- It is late by nature: it goes out as soon as window and quiet hours allow, up to `min_notice` before the start. The
  fallback of a follow-up may be as late as a follow-up may, and `skip_after` bounds any fallback whose rule has one.
- Through a channel (an e-mail, a call) it goes where that reaches the person, and not at all where it does not. A
  person whom no text can reach (no number, an impossible one, a landline) is reminded by the channel alone, at the
  reminder's usual time; whoever opted out by number, or was barred by the host, by none.
- There is one for each start: a fallback that went out is never sent again for (nearly) the same start, and one whose
  outcome is unknown is never doubled, whatever `unknown_outcome` says, but for a channel's, where a repetition is
  known by its id. It has no fallback itself.
- Once its message went out, its reminder is not parked again through the first provider. While it stands in for what
  is refused there, that is neither, as long as the fallback is parked, or was never confirmed. Else the reminder itself
  is tried when what stops it is due, and goes to the fallback in the same run where it is refused again: either may be
  mended first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType

from attrs import evolve

from reminder_kit.model.blockers import Blocker, stopping
from reminder_kit.model.consent import Party, Suppression, bars_letter
from reminder_kit.model.emails import email_address
from reminder_kit.model.instants import iso
from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.messages import Draft, Message
from reminder_kit.model.phones import is_possible
from reminder_kit.model.reasons import Reason
from reminder_kit.planning.message_times import REFUSED_SENDER, may_be_taken
from reminder_kit.planning.settings import Settings
from reminder_kit.rules.late_policy import LatePolicy
from reminder_kit.rules.placement import FOLLOW_UP_PATIENCE, Placement, PlacementDecision, place
from reminder_kit.rules.reminders import Detour, Reminder
from reminder_kit.rules.rule import Rule

__all__ = ["fallback_id", "fallback_key", "fallback_rule", "stopped_by", "with_fallbacks"]


def fallback_key(key: str) -> str:
    """Return the key of the fallback of the reminder with this key."""
    return blake2b(f"{key}\x1ffallback".encode(), digest_size=16).hexdigest()


def fallback_id(rule_id: str) -> str:
    """Return the rule id under which plans, reports and history name the fallbacks of a rule's reminders."""
    return f"{rule_id}-fallback"


def fallback_rule(rule: Rule, *, late: bool) -> Rule:
    """Return the rule of a fallback: the reminder's rule with another id.

    `late` says that the due time is over: then the rule also says how late the fallback may be, and has no `spread`.
    """
    if not late:
        return rule.derived(fallback_id(rule.id))
    policy = LatePolicy("clamp", _longest_delay(rule), stated=True)
    return rule.derived(fallback_id(rule.id), if_late=policy, spread=timedelta(0))


@lru_cache(maxsize=512)
def _letter_rule(rule: Rule, *, late: bool) -> Rule:
    """Return the rule of a letter: as that of any fallback, but about one appointment, and without pictures."""
    return fallback_rule(rule, late=late).derived(fallback_id(rule.id), together="", media_urls=())


def _longest_delay(rule: Rule) -> timedelta | None:
    """Return how late (elapsed time) a fallback may be; None: until the start forbids it."""
    if_late = rule.if_late
    if if_late.within is not None:
        return if_late.within
    clamps = if_late.stated and if_late.policy != "skip"
    return FOLLOW_UP_PATIENCE if rule.is_follow_up and not clamps else None


def with_fallbacks(
    reminders: Iterable[Reminder],
    messages: Mapping[str, Sequence[Message]],
    settings: Settings,
    blockers: Sequence[Blocker] = (),
    now: datetime | None = None,
    suppressed: Mapping[str, Suppression] = MappingProxyType({}),
) -> list[Reminder]:
    """Return the reminders, refused where a fallback stands in for them for good, and after them the fallbacks.

    `messages` are those of the reminders and of their fallbacks, by key; `blockers` keep the first provider from taking
    messages at `now`; `suppressed` says by number and address which are barred.
    """
    wanted = list(reminders)
    if settings.fallback is None:
        return wanted
    pairs = [
        _pair(reminder, messages, settings, _is_stopped(reminder, settings, blockers, now), suppressed)
        for reminder in wanted
        if reminder.recipient is not None
    ]
    by_key = {reminder.key: reminder for reminder, _ in pairs}
    return [by_key.get(reminder.key, reminder) for reminder in wanted] + [
        fallback for _, fallback in pairs if fallback is not None
    ]


def _pair(
    reminder: Reminder,
    messages: Mapping[str, Sequence[Message]],
    settings: Settings,
    stopped: str,
    suppressed: Mapping[str, Suppression],
) -> tuple[Reminder, Reminder | None]:
    """Return a reminder as it is wanted now, and its fallback; None: no fallback is due.

    `stopped` says in words that the first provider won't take it in time; "": it may.
    """
    if settings.fallback is not None and settings.fallback.reaches:
        return _pair_with_letter(reminder, messages, settings, stopped, suppressed)
    return _pair_with(None, reminder, messages, settings, stopped)


def _pair_with_letter(
    reminder: Reminder,
    messages: Mapping[str, Sequence[Message]],
    settings: Settings,
    stopped: str,
    suppressed: Mapping[str, Suppression],
) -> tuple[Reminder, Reminder | None]:
    """Return a reminder as it is wanted now, and the letter that is due in its stead; None: none is.

    A letter is not bound by what bars texts alone: that no message arrives at the number, or that there is none.
    """
    detour = _detour(reminder, settings)
    if detour is None:
        return reminder, None
    unreachable = _unreachable(reminder, suppressed)
    kept, letter = _pair_with(detour, reminder, messages, settings, stopped)
    if letter is None and unreachable and not any(message.state in OPEN for message in messages.get(reminder.key, ())):
        letter = _derived(reminder, unreachable, reminder.due_at, late=False, detour=detour)
    if letter is None:
        return kept, None
    if unreachable:
        letter = evolve(letter, instead=f"instead of {unreachable}")
    letter = _refused_by_its_own(letter, suppressed, settings, frees=bool(unreachable))
    if letter.refusal is None and unreachable and not (reminder.recipient and reminder.recipient.phone):
        kept = evolve(kept, refusal=Reason.BY_CHANNEL, detail="its fallback takes care of it")
    return kept, letter


def _refused_by_its_own(
    letter: Reminder, suppressed: Mapping[str, Suppression], settings: Settings, *, frees: bool
) -> Reminder:
    """Return a letter with what speaks against it, of its own; `frees`: what barred the text alone does not."""
    who, detour = letter.recipient, letter.detour
    assert who is not None  # noqa: S101 - nobody else has a letter
    assert detour is not None  # noqa: S101 - it is a letter
    refusal, detail = letter.refusal, letter.detail
    if frees:
        refusal, detail = None if who.opted_in else Reason.OPTED_OUT, ""
    barred = suppressed.get(detour.to)
    if refusal is None and barred is not None and bars_letter(barred, who.phone) and not barred.holds:
        by_person = barred.by == Party.RECIPIENT
        refusal, detail = Reason.OPTED_OUT if by_person else Reason.SUPPRESSED, barred.said
    if refusal is None and not settings.may_write_to(detour.to):
        refusal = Reason.OUTSIDE_ONLY_TO
    return evolve(letter, refusal=refusal, detail=detail)


def _detour(reminder: Reminder, settings: Settings) -> Detour | None:
    """Return by which way the kit's channel reaches the person of a reminder; None: it does not."""
    who, spare = reminder.recipient, settings.fallback
    if who is None or spare is None:
        return None
    number = who.phone if is_possible(who.phone) else ""
    email = who.email if email_address(who.email) == who.email else ""
    to = {"phone": number, "email": email}.get(spare.reaches, number or email or who.key)
    return Detour(spare.provider, to, spare.subject) if to else None


def _unreachable(reminder: Reminder, suppressed: Mapping[str, Suppression]) -> str:
    """Return in words why no text can ever reach the person of a reminder; "": one may."""
    if reminder.refusal is Reason.INVALID_NUMBER:
        known = reminder.recipient is not None and reminder.recipient.phone
        return "a text, since its number can't be one" if known else "a text, since no number is known"
    barred = suppressed.get(reminder.recipient.phone) if reminder.recipient is not None else None
    if reminder.refusal is Reason.SUPPRESSED and barred is not None and barred.by == Party.PROVIDER:
        return "a text, since none arrives at its number"
    return ""


def _pair_with(
    detour: Detour | None,
    reminder: Reminder,
    messages: Mapping[str, Sequence[Message]],
    settings: Settings,
    stopped: str,
) -> tuple[Reminder, Reminder | None]:
    """Return a reminder as it is wanted now, and its fallback, by a detour or (None) to the same number."""
    messages_of_it, key = messages.get(reminder.key, ()), fallback_key(reminder.key)
    own = [message for message in messages_of_it if _is_for(message, reminder, settings, reminder.to)]
    there = reminder.to if detour is None else detour.to
    fallbacks = [message for message in messages.get(key, ()) if _is_for(message, reminder, settings, there)]
    sent = [message for message in own if message.state in SENT]
    if sent_fallbacks := [message for message in fallbacks if message.state in SENT]:
        kept = reminder if sent else _refused(reminder, Reason.ALREADY_SENT)
        return kept, _derived(reminder, "a message that was not delivered", sent_fallbacks[-1].due_at, detour=detour)
    if any(message.state in OPEN for message in messages_of_it):
        return reminder, None
    if sent:
        last = max(sent, key=lambda message: message.send_at)
        failed = all(_failed(message, settings) for message in sent)
        return reminder, _instead_of(reminder, last, detour) if failed else None
    refusals = [message for message in own if _was_refused(message, ever=detour is not None)]
    may_come = any(message.state in OPEN or message.state is State.UNKNOWN for message in fallbacks)
    if refusals and (may_come or _still_holds(refusals[-1], settings.of(reminder), stopped)):
        why = "for its sender" if refusals[-1].error.startswith(REFUSED_SENDER) else "for good"
        fallback = _derived(reminder, f"a message that was refused {why}", reminder.due_at, late=False, detour=detour)
        return _refused(reminder, Reason.QUARANTINED), fallback
    if stopped or may_come:
        what = stopped or "a message that was stopped"
        fallback = _derived(reminder, what, reminder.due_at, late=False, detour=detour)
        return _refused(reminder, Reason.WAITING_ACCOUNT), fallback
    return reminder, None


def _is_stopped(reminder: Reminder, settings: Settings, blockers: Sequence[Blocker], now: datetime | None) -> str:
    """Return in words that the first provider won't take a reminder, or not in time; "": it may.

    Where its sender is refused, that is known at once; else the account may be mended until waiting would make it late.
    What is due is tried first, unless the fallback alone can be in time.
    """
    blocker = stopped_by(reminder, settings, blockers) if blockers else None
    if blocker is None or now is None or reminder.due_at is None:
        return ""
    if blocker.next_try_at <= now:
        stops = _is_sooner_by_fallback(reminder, settings, now)
    else:
        window = settings.of(reminder).window
        too_late = blocker.next_try_at + window.min_lead + window.margin >= reminder.due_at
        stops = too_late or stopped_by(reminder, settings, [one for one in blockers if one.elsewhere]) is not None
    return "a message that the provider does not take now" if stops else ""


def _is_sooner_by_fallback(reminder: Reminder, settings: Settings, now: datetime) -> bool:
    """Say whether at `now` a reminder comes in time by the fallback only, or late by it and else not at all."""
    spare = settings.fallback
    if spare is None or reminder.refusal is not None:
        return False
    here, there = (
        place(reminder, now=now, window=window, quiet=settings.quiet)
        for window in (settings.of(reminder).window, spare.window)
    )
    return _lateness(there) < _lateness(here)


def _lateness(placement: Placement) -> int:
    """Return 0 for what comes in time, 1 for what comes late, 2 for what does not come at all."""
    if placement.decision is PlacementDecision.SKIP:
        return 2
    return int(placement.reason is Reason.CLAMPED_LATE)


def stopped_by(reminder: Reminder, settings: Settings, blockers: Iterable[Blocker]) -> Blocker | None:
    """Return what keeps the provider of a reminder from taking it, whatever its words; None: nothing does."""
    if reminder.recipient is None or reminder.due_at is None:
        return None
    like = Draft(reminder.to, "", reminder.due_at, "", reminder.rule.media_urls, reminder.rule.channel)
    return stopping(blockers, reminder.key, like, **settings.of(reminder).origin)


def _was_refused(message: Message, *, ever: bool) -> bool:
    """Say whether the provider refused a message for its sender; with `ever` for good, the opted-out's excepted."""
    if message.state is not State.REJECTED:
        return False
    return message.error.startswith(REFUSED_SENDER) or (ever and not may_be_taken(message))


def _still_holds(refusal: Message, settings: Settings, stopped: str) -> bool:
    """Say whether a refused message says that another one, by these settings, would be refused too.

    For good, or for its sender as long as that is stopped.
    """
    of_sender = refusal.error.startswith(REFUSED_SENDER)
    return _is_of(refusal, settings) and (bool(stopped) or not of_sender)


def _is_for(message: Message, reminder: Reminder, settings: Settings, to: str) -> bool:
    """Say whether a message was made for (nearly) this start, and for this number or address."""
    near = abs(reminder.appointment.start_at - message.start_at) <= settings.rearm_after
    return near and reminder.recipient is not None and message.draft.to == to


def _is_of(message: Message, settings: Settings) -> bool:
    """Say whether a message was made for the provider and sender of these settings."""
    return (message.provider, message.sender) == (settings.provider, settings.sender)


def _failed(message: Message, settings: Settings) -> bool:
    """Say whether a message certainly did not arrive, and another sender might fare better."""
    if message.state is not State.UNDELIVERED or (settings.fallback and _is_of(message, settings.fallback)):
        return False
    return message.error.partition(" ")[0] not in settings.permanent_codes.get(message.provider, ())


def _refused(reminder: Reminder, reason: Reason) -> Reminder:
    """Return a reminder as refused, since its fallback takes care of it; a refusal that it has stays."""
    if reminder.refusal is not None:
        return reminder
    return evolve(reminder, refusal=reason, detail="its fallback takes care of it")


def _instead_of(reminder: Reminder, last: Message, detour: Detour | None) -> Reminder:
    code = f" ({last.error})" if last.error else ""
    what = f"the message of {iso(last.send_at)}, which was not delivered{code}"
    return _derived(reminder, what, last.send_at, detour=detour)


def _derived(
    reminder: Reminder, what: str, due_at: datetime | None, *, late: bool = True, detour: Detour | None = None
) -> Reminder:
    """Return the fallback of a reminder, due at `due_at` (UTC); `what` says in words what it stands in for."""
    rule = fallback_rule(reminder.rule, late=late) if detour is None else _letter_rule(reminder.rule, late=late)
    return evolve(
        reminder,
        key=fallback_key(reminder.key),
        rule=rule,
        due_at=due_at,
        instead=f"instead of {what}",
        detour=detour,
    )
