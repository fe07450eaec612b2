"""A rule: when, to whom and in which words a reminder is sent; read and checked.

Pure: no clock, no I/O. A rule that contradicts itself never comes into being.

A new way to say when is a row of `offset_keys.OFFSET_KEYS`, whose docstring names every place to change. Here that is:
the field, the argument of `Rule.__init__`, its line in `stated` there, and its line in the docstring of `Rule`. `KEYS`,
the checks, `derived` and `fingerprint` follow by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time, timedelta
from functools import cached_property
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Self

from attrs import asdict, field, frozen

from reminder_kit.errors import InvalidRuleError
from reminder_kit.model.appointments import Appointment, Recipient, Status
from reminder_kit.model.instants import iso
from reminder_kit.model.suggestions import suggestion
from reminder_kit.rules.conditions import Condition
from reminder_kit.rules.late_policy import LatePolicy, one_of
from reminder_kit.rules.offset_keys import OFFSET_KEYS, At, OffsetKey
from reminder_kit.rules.offsets import Offset, in_words, local_time, parse_length
from reminder_kit.rules.rule_texts import CHANNELS, GivenTexts, Texts, read_texts, read_urls

__all__ = ["KEYS", "Rule"]

When = Callable[[Appointment, Recipient | None], bool]

_LONGEST_SPREAD = timedelta(days=1)


@frozen(init=False)
class Rule:
    """When, to whom and in which words the recipients of an appointment are reminded.

    Exactly one of the ten keys after `id` says when. A length is a text with its unit ("24 hours", "90 minutes",
    "1 day", "PT24H") or a `timedelta`; where 0 is the default, 0 needs no unit. Texts are templates, each one text, or
    one by locale (`{"en": …}`), or one by channel (`{"sms": …, "mms": …}`, each again one text or one by locale), of
    which the rule keeps its own channel's.

    id: What the rule is called; a part of the key of each of its reminders.
    before: A length before the anchor. Hours, minutes and seconds are elapsed time, days and weeks the same wall clock;
        a `timedelta` is elapsed time.
    after: A length after the anchor, likewise, or none ("0 hours"): a follow-up.
    days_before: So many days (from 0) before the anchor's day, at the local time `at`.
    days_after: So many days (from 0) after the anchor's day, at the local time `at`: a follow-up.
    weekday: The last such day ("friday", or its first letters, at least three) before the anchor's, at `at`.
    business_days_before: So many days (from 1) before, without weekends, holidays and closed days, at `at`; without
        `at`, at the anchor's wall clock.
    business_days_after: So many days (from 1) after, likewise: a follow-up.
    after_booking: A length after `booked_at`, likewise, or none: "You are booked for {{ when }}." Once for a booking,
        and only where that was an hour ago at most as it came in, so that a first import texts nobody; never for
        occurrences of a series: nobody booked them one by one. Before the start, as any other.
    after_change: A length after the kit learned that the start moved by more than its `rearm_after`, likewise, or none:
        "Your appointment is now {{ when }}." Once for each new start, to whoever has the appointment (a `correction`
        goes to whom a message told the old start), and never as it first comes in. Before the start, as any other.
    on: One instant for all appointments: an aware datetime, or a text with its offset ("2026-02-15T14:30:00Z").
    at: A local time ("18:00") of the appointment's zone, for the keys that count days; None: none is given.
    if_holiday: What becomes of a reminder whose day (by `weekday` or `days_before`) is a holiday or a closed day:
        "before" (the business day before, at `at`) or "skip"; None: it is sent all the same.
    clock: By whose clock texts say when: "place" (the appointment's zone) or "reader" (the recipient's); None: the
        place's where there is a location that is no address of the web, else the reader's. Where the two differ, `when`
        names the city.
    anchor: What the offset is counted from, "start" or "end"; None: the end for follow-ups, else the start. With
        `after_booking` it is the booking ("booking"), with `after_change` the change ("change").
    text: What the message says.
    late_text: What it says instead where it goes out after its due time (and its share of `spread`); "": the same.
    together: What it says where it speaks of several `appointments` of one phone and day: the message of the first of
        them (of follow-ups: the last). Each has a message of its own where that text fails or is too long, and where
        there are more than fifty. "": each has a message of its own.
    if_late: What becomes of a reminder whose due time is over or too near: "clamp" (sent as soon as possible), "skip",
        `{"skip_after": "6 hours"}` (clamped, if it is not later than that), or "next rule" (left to a rule nearer to
        the start, if one still comes). None: clamped, unless it was due before the appointment was booked.
    if_far: What becomes of a reminder beyond the provider's window: "hold" (the default: parked later), "clamp" (sent
        as late as the window allows) or "skip".
    shift: Which way out of quiet hours is tried first: "earlier" (the default) or "later".
    min_notice: Nothing is sent nearer to the start than this length; 0 by default. Follow-ups know no such bound.
    min_silence: Nothing is sent where something else goes to that number within this length before; 0 by default.
    spread: Messages that are due together go out over this length, a day at the most, each at its own distance from
        its due time, which follows from the reminder's key. What quiet hours cover is spread next to them; 0 by
        default.
    only: For which appointments and recipients the rule is, as a `Condition` or its table; empty: for all.
    unless: For which appointments and recipients the rule is not, likewise; empty: it excepts none.
    min_booking_lead: Only for appointments booked at least this length before their start; None: for all. One that
        does not say when it was booked counts as booked long ago.
    max_booking_lead: Only for appointments booked less than this length before their start; None: for all. Of two rules
        whose bounds touch, never both apply.
    when: A function `(appointment, recipient) -> bool` for any other condition; None: there is none.
    channel: "sms" (the default) or "mms".
    media_urls: The addresses of an MMS's pictures; none by default.
    subject: The subject of an MMS; "": none.
    empty: What becomes of a text where what it reads of an appointment or a person, and writes out, is empty: "error"
        (the default: it is not sent, and listed by `attention`), "blank" (it has a gap), or what it says instead.
    max_parts: A text that takes more SMS parts is refused; None: only one that takes more than the provider allows.

    In `min_notice`, `min_silence`, `spread`, both booking leads and `skip_after`, a day is 24 hours of elapsed time.
    Raises `InvalidRuleError`, naming the rule, the key, the value and what would be right.
    """

    id: str
    before: Offset | None
    after: Offset | None
    days_before: int | None
    days_after: int | None
    weekday: str | None
    business_days_before: int | None
    business_days_after: int | None
    after_booking: Offset | None
    after_change: Offset | None
    on: datetime | None
    at: time | None
    if_holiday: str | None
    clock: str | None
    anchor: str
    text: Texts
    late_text: Texts
    together: Texts
    if_late: LatePolicy
    if_far: str
    shift: str
    min_notice: timedelta
    min_silence: timedelta
    spread: timedelta
    only: Condition
    unless: Condition
    min_booking_lead: timedelta | None
    max_booking_lead: timedelta | None
    when: When | None
    channel: str
    media_urls: tuple[str, ...]
    subject: str
    empty: str
    max_parts: int | None
    offset: Offset = field(eq=False)

    def __init__(
        self,
        id: str,  # noqa: A002 - the contract's name, as on every value
        *,
        before: str | timedelta | Offset | None = None,
        after: str | timedelta | Offset | None = None,
        days_before: int | None = None,
        days_after: int | None = None,
        weekday: str | None = None,
        business_days_before: int | None = None,
        business_days_after: int | None = None,
        after_booking: str | timedelta | Offset | None = None,
        after_change: str | timedelta | Offset | None = None,
        on: str | datetime | None = None,
        at: str | time | None = None,
        if_holiday: str | None = None,
        clock: str | None = None,
        anchor: str | None = None,
        text: GivenTexts = "",
        late_text: GivenTexts = "",
        together: GivenTexts = "",
        if_late: str | Mapping[str, Any] | LatePolicy | None = None,
        if_far: str = "hold",
        shift: str = "earlier",
        min_notice: str | float | timedelta = 0,
        min_silence: str | float | timedelta = 0,
        spread: str | float | timedelta = 0,
        only: Mapping[str, Any] | Condition = MappingProxyType({}),
        unless: Mapping[str, Any] | Condition = MappingProxyType({}),
        min_booking_lead: str | timedelta | None = None,
        max_booking_lead: str | timedelta | None = None,
        when: When | None = None,
        channel: str = "sms",
        media_urls: Iterable[str] = (),
        subject: str = "",
        empty: str = "error",
        max_parts: int | None = None,
    ) -> None:
        if not isinstance(id, str) or not id:
            raise InvalidRuleError(f'a rule needs an id, a text such as "day-before" ({id!r})')
        name = f"rule {id!r}: "
        stated = {
            "before": before,
            "after": after,
            "days_before": days_before,
            "days_after": days_after,
            "weekday": weekday,
            "business_days_before": business_days_before,
            "business_days_after": business_days_after,
            "after_booking": after_booking,
            "after_change": after_change,
            "on": on,
        }
        given = {
            row.key: None if stated[row.key] is None else row.parse(stated[row.key], f"{name}{row.key}")
            for row in OFFSET_KEYS
        }
        wall = None if at is None else local_time(at, f"{name}at")
        row = _offset_key(name, given, wall)
        self.__attrs_init__(
            id=id,
            **given,
            at=wall,
            if_holiday=None if if_holiday is None else one_of(if_holiday, ("before", "skip"), f"{name}if_holiday"),
            clock=None if clock is None else one_of(clock, ("place", "reader"), f"{name}clock"),
            anchor=_anchor(row, anchor, f"{name}anchor"),
            text=read_texts(text, f"{name}text", channel),
            late_text=read_texts(late_text, f"{name}late_text", channel),
            together=read_texts(together, f"{name}together", channel),
            if_late=LatePolicy.read(if_late, f"{name}if_late"),
            if_far=one_of(if_far, ("hold", "clamp", "skip"), f"{name}if_far"),
            shift=one_of(shift, ("earlier", "later"), f"{name}shift"),
            min_notice=parse_length(min_notice, f"{name}min_notice"),
            min_silence=parse_length(min_silence, f"{name}min_silence"),
            spread=parse_length(spread, f"{name}spread"),
            only=Condition.read(only, f"{name}only"),
            unless=Condition.read(unless, f"{name}unless"),
            min_booking_lead=_booking_lead(min_booking_lead, f"{name}min_booking_lead"),
            max_booking_lead=_booking_lead(max_booking_lead, f"{name}max_booking_lead"),
            when=when,
            channel=one_of(channel, CHANNELS, f"{name}channel"),
            media_urls=read_urls(media_urls, f"{name}media_urls"),
            subject=subject,
            empty=empty,
            max_parts=max_parts,
            offset=row.offset(given[row.key], wall),
        )
        self._check(name)

    def _check(self, name: str) -> None:
        """Raise `InvalidRuleError`, beginning with `name`, where keys contradict each other."""
        least = self.offset.least()
        if self.goes_back and least is not None and self.min_notice >= least:
            raise InvalidRuleError(
                f"{name}min_notice ({in_words(self.min_notice)}) is not shorter than the offset ({in_words(least)}), "
                "so it would never be sent on time: shorten min_notice"
            )
        if self.goes_back and least is not None and self.min_notice + self.spread >= least and self.spread:
            raise InvalidRuleError(
                f"{name}spread ({in_words(self.spread)}) reaches the start: shorten it to less than the offset"
            )
        if self.if_holiday is not None and self.weekday is None and self.days_before is None:
            raise InvalidRuleError(f"{name}if_holiday ({self.if_holiday!r}) goes with weekday or days_before only")
        if self.spread > _LONGEST_SPREAD:
            raise InvalidRuleError(f"{name}spread ({in_words(self.spread)}) is longer than a day: shorten it")
        if self.channel == "sms" and (self.media_urls or self.subject):
            raise InvalidRuleError(f'{name}media_urls and subject need channel = "mms"')
        if self.when is not None and not callable(self.when):
            raise InvalidRuleError(f"{name}when must be a function (appointment, recipient) -> bool ({self.when!r})")
        if not isinstance(self.subject, str):
            raise InvalidRuleError(f"{name}subject must be a text ({self.subject!r})")
        if not isinstance(self.empty, str) or not self.empty.strip():
            raise InvalidRuleError(f'{name}empty is "error", "blank" or what to say instead ({self.empty!r})')
        if self.max_parts is not None and (type(self.max_parts) is not int or self.max_parts < 1):
            raise InvalidRuleError(f"{name}max_parts must be a whole number from 1 up ({self.max_parts!r})")
        self._check_conditions(name)
        _check_leads(name, self.min_booking_lead, self.max_booking_lead)

    def _check_conditions(self, name: str) -> None:
        """Raise `InvalidRuleError`, beginning with `name`, for conditions that no appointment can ever meet."""
        statuses = self.only.statuses
        if Status.CANCELLED in statuses:
            raise InvalidRuleError(
                f'{name}only.status names "cancelled", and nobody is reminded of what is cancelled: leave it out'
            )
        if statuses and not self.is_follow_up and not set(statuses) - {Status.COMPLETED, Status.NO_SHOW}:
            raise InvalidRuleError(
                f"{name}only.status names {' and '.join(map(repr, statuses))}, which nothing is before its start: make "
                'it a follow-up (after = "1 hour")'
            )
        if self.unless.rules_out(self.only):
            key = self.unless.tests[0][0]
            raise InvalidRuleError(f"{name}unless.{key} excepts all that only.{key} names: it is for nobody")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], where: str = "rule") -> Self:
        """Return the rule a TOML table or a dict describes; `where` names its place in errors.

        Raises `InvalidRuleError` also for a missing `id` and for an unknown key, naming the nearest known one.
        """
        if not isinstance(values, Mapping):
            raise InvalidRuleError(f"{where} must be a table ({values!r})")
        for key in values:
            if key not in KEYS:
                raise InvalidRuleError(f"{where}: unknown key {key!r}: {suggestion(str(key), KEYS)}")
        if "id" not in values:
            raise InvalidRuleError(f'{where} has no id: write id = "day-before"')
        try:
            return cls(**values)
        except InvalidRuleError as error:
            raise InvalidRuleError(f"{where}: {error}") from None

    def derived(self, id: str, **changes: Any) -> Rule:  # noqa: A002 - as in the constructor
        """Return a rule with another id and all the keys of this one but those changed.

        Where the changes say when, this rule's own way to say when, with `at`, `anchor` and `if_holiday`, is left out.
        A rule that does not say `if_late` derives one that does not either. Raises `InvalidRuleError` as the
        constructor does.
        """
        whens = {*(row.key for row in OFFSET_KEYS), "at", "anchor", "if_holiday"}
        left = {"id", *(whens if any(row.key in changes for row in OFFSET_KEYS) else ())}
        return Rule(id, **{**{key: getattr(self, key) for key in KEYS if key not in left}, **changes})

    def __hash__(self) -> int:
        """Hash by the id: what is remembered of rules is looked up once for each appointment."""
        return hash(self.id)

    @cached_property
    def has_conditions(self) -> bool:
        """Whether it is for some appointments or recipients only."""
        leads = self.min_booking_lead is not None or self.max_booking_lead is not None
        tests = self.only.tests or self.unless.tests
        return bool(self.anchor == "booking" or tests or leads or self.when is not None)

    @cached_property
    def is_follow_up(self) -> bool:
        """Whether reminders come after their anchor: then neither the start nor `min_notice` bounds them."""
        return any(row.follows and getattr(self, row.key) is not None for row in OFFSET_KEYS)

    @cached_property
    def goes_back(self) -> bool:
        """Whether reminders come before what they are counted from."""
        return not self.is_follow_up and self.anchor in ("start", "end")

    @property
    def says_late(self) -> bool:
        """Whether the rule itself says `if_late`."""
        return self.if_late.stated

    @cached_property
    def fingerprint(self) -> str:
        """A digest of everything that matters, by what the rule says: functions by their names.

        No name of a class of ours is part of it, so that it outlives a renaming; and no module of a function, which is
        `__main__` in the process that runs the host's file, and has its name where that is imported (`--app`).
        """
        said = {key: value for key, value in asdict(self, recurse=False).items() if _LATER.get(key, self) != value}
        fields = {key: _as_said(value) for key, value in said.items()}
        text = json.dumps(fields, sort_keys=True, default=_as_said)
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    @property
    def version(self) -> str:
        """The first 8 hex digits of the fingerprint, by which the history and `explain` name a version of the rule."""
        return self.fingerprint[:8]


_LATER = {"empty": "error", "clock": None, "after_booking": None, "after_change": None, "if_holiday": None}
"""Keys that came later, with their defaults: a rule that does not use them keeps its fingerprint."""

KEYS = tuple(attribute.name for attribute in Rule.__attrs_attrs__ if attribute.name != "offset")
"""The keys a rule takes, in code, TOML and dicts alike."""


def _as_said(value: object) -> object:
    """Return a value of a rule as JSON can hold it, without the name of its class."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Offset | LatePolicy | Condition):
        return asdict(value, recurse=False)
    if callable(value):
        return str(getattr(value, "__qualname__", type(value).__qualname__))
    return value if value is None or isinstance(value, str | int | float | tuple | list) else str(value)


def _booking_lead(value: str | timedelta | None, what: str) -> timedelta | None:
    return None if value is None else parse_length(value, what)


def _check_leads(name: str, least: timedelta | None, most: timedelta | None) -> None:
    if least is not None and most is not None and least >= most:
        raise InvalidRuleError(
            f"{name}min_booking_lead ({in_words(least)}) is not shorter than max_booking_lead ({in_words(most)}), so "
            "no appointment would ever fit: exchange them, or leave one out"
        )


def _anchor(row: OffsetKey, anchor: str | None, what: str) -> str:
    """Return the anchor that is given, or the usual one (None): the end for follow-ups, else the start."""
    if anchor is None:
        return row.anchor
    return one_of(anchor, (row.counted_from,) if row.counted_from else ("start", "end"), what)


def _offset_key(name: str, given: Mapping[str, Any], at: time | None) -> OffsetKey:
    """Return the row of the key by which a rule says when.

    Raises `InvalidRuleError` for none, for several, and for an `at` that is missing or senseless.
    """
    rows = [row for row in OFFSET_KEYS if given[row.key] is not None]
    if len(rows) != 1:
        given_keys = " and ".join(row.key for row in rows) if rows else "nothing"
        known = ", ".join(row.key for row in OFFSET_KEYS)
        raise InvalidRuleError(f"{name}{given_keys} says when: give exactly one of {known}")
    (row,) = rows
    if row.at is At.NEEDED and at is None:
        raise InvalidRuleError(f'{name}{row.key} needs a local time: add at = "18:00"')
    if row.at is At.REFUSED and at is not None:
        raise InvalidRuleError(f"{name}at ({at:%H:%M}) goes with days_before, weekday or business days only")
    return row
