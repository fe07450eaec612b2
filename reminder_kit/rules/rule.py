"""A rule: when, to whom and in which words a reminder is sent; read and checked.

Pure: no clock, no I/O. A rule that contradicts itself never comes into being.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time, timedelta
from functools import cached_property
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Self, cast

from attrs import asdict, field, frozen

from reminder_kit.errors import InvalidRuleError
from reminder_kit.model.appointments import Appointment, Data, Recipient
from reminder_kit.model.instants import iso
from reminder_kit.rules.conditions import Condition, suggestion
from reminder_kit.rules.late_policy import LatePolicy, one_of
from reminder_kit.rules.offset_keys import OFFSET_KEYS, At, OffsetKey
from reminder_kit.rules.offsets import Offset, in_words, local_time, parse_length

__all__ = ["KEYS", "Rule"]

Texts = str | Mapping[str, str]
GivenTexts = str | Mapping[str, str | Mapping[str, str]]
When = Callable[[Appointment, Recipient | None], bool]

_NONE = timedelta(0)
_LONGEST_SPREAD = timedelta(days=1)
_CHANNELS = ("sms", "mms")


def _texts(value: object, what: str, channel: str = "") -> Texts:
    if isinstance(value, Mapping) and value and set(value) <= set(_CHANNELS):
        if channel not in value:
            raise InvalidRuleError(
                f'{what} has none for channel = "{channel}": add {what.rpartition(" ")[2]}.{channel}'
            )
        return _texts(value[channel], f"{what}.{channel}")
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping) or not value:
        raise InvalidRuleError(f'{what} must be a text or a table of texts by locale ({value!r}): {{ en = "…" }}')
    for locale, text in value.items():
        if not isinstance(locale, str) or not isinstance(text, str):
            raise InvalidRuleError(f"{what}.{locale} must be a text ({text!r})")
        if locale in _CHANNELS:
            raise InvalidRuleError(
                f'{what} mixes texts by channel ({locale}) and by locale: write {{ {locale} = {{ en = "…" }} }}'
            )
    return Data(value)


@frozen(init=False)
class Rule:
    """When and how an appointment's recipients are reminded.

    Exactly one of these says when: `before` or `after` ("24 hours" is elapsed time,
    "1 day" the same wall clock; a `timedelta` is elapsed time), `days_before` or
    `days_after` with `at` (a local time of the appointment's zone), `weekday` with `at`
    (the last such day before the anchor's), `business_days_before` or `business_days_after`
    (with `at`, or at the anchor's wall clock), `on` (one instant for all). `anchor` is
    "start" or "end"; follow-ups are anchored to the end unless it says otherwise.

    `text` is a template, or one by locale, or by channel (`{"sms": …, "mms": …}`, each
    again a template or one by locale), of which the rule keeps its own; `late_text` is used when the message goes out
    after its due time. With `together`, a text likewise, appointments of one phone on one
    day are told in one message, that of the first of them (of follow-ups: of the last), as
    long as they stay on that day, each by itself where it fails, is too long, or for more than fifty; it speaks of
    `appointments`. `if_late` is "clamp" (send as soon as possible), "skip",
    `{"skip_after": "6 hours"}` or "next rule" (leave it to a rule nearer to the start, if
    one still comes); `if_far` is "hold", "clamp" or "skip"; `shift` says which
    way out of quiet hours; nothing is sent nearer to the start than `min_notice`, and
    nothing where something else goes to that number within `min_silence` before. With
    `spread`, messages that are due together go out over that length of time, each always
    at the same distance from its due time (it follows from the reminder's key); what
    quiet hours cover is spread next to them likewise.

    `only` and `unless` are conditions (see `conditions`), `min_booking_lead` and
    `max_booking_lead` bound how long ahead it was booked: at least the one, less than the
    other, so that of tiers that touch never both fit; an appointment that does not say
    when it was booked counts as booked long ago. `when(appointment, recipient)` is any
    condition in code. `max_parts` refuses longer messages.

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
    on: datetime | None
    at: time | None
    anchor: str
    text: Texts = field(hash=False)
    late_text: Texts = field(hash=False)
    together: Texts = field(hash=False)
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
        on: str | datetime | None = None,
        at: str | time | None = None,
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
            "on": on,
        }
        given = {
            row.key: None if stated[row.key] is None else row.parse(stated[row.key], f"{name}{row.key}")
            for row in OFFSET_KEYS
        }
        clock = None if at is None else local_time(at, f"{name}at")
        row = _offset_key(name, given, clock)
        self.__attrs_init__(
            id=id,
            **given,
            at=clock,
            anchor=_anchor(row, anchor, f"{name}anchor"),
            text=_texts(text, f"{name}text", channel),
            late_text=_texts(late_text, f"{name}late_text", channel),
            together=_texts(together, f"{name}together", channel),
            if_late=LatePolicy.read(if_late, f"{name}if_late"),
            if_far=one_of(if_far, ("hold", "clamp", "skip"), f"{name}if_far"),
            shift=one_of(shift, ("earlier", "later"), f"{name}shift"),
            min_notice=parse_length(min_notice, f"{name}min_notice"),
            min_silence=parse_length(min_silence, f"{name}min_silence"),
            spread=parse_length(spread, f"{name}spread"),
            only=Condition.read(only, f"{name}only"),
            unless=Condition.read(unless, f"{name}unless"),
            min_booking_lead=_lead(min_booking_lead, f"{name}min_booking_lead"),
            max_booking_lead=_lead(max_booking_lead, f"{name}max_booking_lead"),
            when=when,
            channel=one_of(channel, _CHANNELS, f"{name}channel"),
            media_urls=_urls(media_urls, f"{name}media_urls"),
            subject=subject,
            max_parts=max_parts,
            offset=row.offset(given[row.key], clock),
        )
        self._check(name)

    def _check(self, name: str) -> None:
        least = self.offset.least()
        if not self.is_follow_up and least is not None and self.min_notice >= least:
            raise InvalidRuleError(
                f"{name}min_notice ({in_words(self.min_notice)}) is not shorter than the offset ({in_words(least)}), "
                "so it would never be sent on time: shorten min_notice"
            )
        if not self.is_follow_up and least is not None and self.min_notice + self.spread >= least and self.spread:
            raise InvalidRuleError(
                f"{name}spread ({in_words(self.spread)}) reaches the start: shorten it to less than the offset"
            )
        if self.spread > _LONGEST_SPREAD:
            raise InvalidRuleError(f"{name}spread ({in_words(self.spread)}) is longer than a day: shorten it")
        if self.channel == "sms" and (self.media_urls or self.subject):
            raise InvalidRuleError(f'{name}media_urls and subject need channel = "mms"')
        if self.when is not None and not callable(self.when):
            raise InvalidRuleError(f"{name}when must be a function (appointment, recipient) -> bool ({self.when!r})")
        if not isinstance(self.subject, str):
            raise InvalidRuleError(f"{name}subject must be a text ({self.subject!r})")
        if self.max_parts is not None and (type(self.max_parts) is not int or self.max_parts < 1):
            raise InvalidRuleError(f"{name}max_parts must be a whole number from 1 up ({self.max_parts!r})")
        _check_leads(name, self.min_booking_lead, self.max_booking_lead)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], where: str = "rule") -> Self:
        """Return the rule a TOML table or a dict describes; `where` names its place in errors.

        Raises `InvalidRuleError` also for unknown keys, naming the nearest known one.
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
        """Return a rule modelled on this one: with all its keys but those changed.

        Where the changes say when, all by which this one says when (with `at` and `anchor`) is left out. What this
        rule does not say of lateness, the derived one does not say either.
        """
        anew = any(row.key in changes for row in OFFSET_KEYS)
        left = {"id", *((row.key for row in OFFSET_KEYS) if anew else ()), *(("at", "anchor") if anew else ())}
        return Rule(id, **{**{key: getattr(self, key) for key in KEYS if key not in left}, **changes})

    @cached_property
    def is_follow_up(self) -> bool:
        """Whether this comes after its anchor: then neither start nor `min_notice` bounds it."""
        return any(row.follows and getattr(self, row.key) is not None for row in OFFSET_KEYS)

    @property
    def says_late(self) -> bool:
        """Whether the rule itself says what to do when late."""
        return self.if_late.stated

    @cached_property
    def fingerprint(self) -> str:
        """A digest of everything that matters; functions by their qualified names."""
        fields = {key: _hashable(value) for key, value in asdict(self, recurse=False).items()}
        text = json.dumps(fields, sort_keys=True, default=repr)
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    @property
    def version(self) -> str:
        """The beginning of the fingerprint: what history and `explain` know this version of the rule by."""
        return self.fingerprint[:8]


KEYS = tuple(attribute.name for attribute in Rule.__attrs_attrs__ if attribute.name != "offset")
"""The keys a rule takes, in code, TOML and dicts alike."""


def _hashable(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime):
        return iso(value)
    if callable(value) and not isinstance(value, Offset | LatePolicy | Condition):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__qualname__)}"
    return value


def _lead(value: str | timedelta | None, what: str) -> timedelta | None:
    return None if value is None else parse_length(value, what)


def _check_leads(name: str, least: timedelta | None, most: timedelta | None) -> None:
    if least is not None and most is not None and least >= most:
        raise InvalidRuleError(
            f"{name}min_booking_lead ({in_words(least)}) is not shorter than max_booking_lead ({in_words(most)}), so "
            "no appointment would ever fit: exchange them, or leave one out"
        )


def _urls(value: object, what: str) -> tuple[str, ...]:
    several = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    for item in several:
        if not isinstance(item, str) or not item:
            raise InvalidRuleError(f'{what} must be addresses of pictures ({item!r}): ["https://…"]')
    return cast("tuple[str, ...]", several)


def _anchor(row: OffsetKey, anchor: str | None, what: str) -> str:
    if anchor is None:
        return "end" if row.follows else "start"
    return one_of(anchor, ("start", "end"), what)


def _offset_key(name: str, given: Mapping[str, Any], at: time | None) -> OffsetKey:
    """Return the row of the key by which a rule says when.

    Raises `InvalidRuleError` for none, for several, and for an `at` that is missing or senseless.
    """
    rows = [row for row in OFFSET_KEYS if given[row.key] is not None]
    if len(rows) != 1:
        said = " and ".join(row.key for row in rows) if rows else "nothing"
        known = ", ".join(row.key for row in OFFSET_KEYS)
        raise InvalidRuleError(f"{name}{said} says when: give exactly one of {known}")
    (row,) = rows
    if row.at is At.NEEDED and at is None:
        raise InvalidRuleError(f'{name}{row.key} needs a local time: add at = "18:00"')
    if row.at is At.REFUSED and at is not None:
        raise InvalidRuleError(f"{name}at ({at:%H:%M}) goes with days_before, weekday or business days only")
    return row
