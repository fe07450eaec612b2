"""Random histories of families: few phones, busy days, told together and kept apart; and the laws for that.

Never asks the planner who is told with whom: a message says itself whom it tells, and is held to it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from attrs import evolve

from reminder_kit import Appointment, Rule
from reminder_kit.model.lifecycle import State
from reminder_kit.model.reasons import SAID_BY_OTHERS, Reason
from reminder_kit.model.records import ReminderStatus
from reminder_kit.planning.combining import group_of
from reminder_kit.rules.placement import PlacementDecision, place, still_allowed
from tests.factories import NEW_YORK
from tests.simulation.histories import CORRECTING, History
from tests.simulation.laws import REARM, Laws, moment

ALL = "{% for visit in appointments %}{{ visit.starts_at | time }} {{ visit.title }}; {% endfor %}"
ONE = "{{ appointment.title }} {{ when }}"
EVENING = Rule("evening", days_before=1, at="18:00", text=ONE, together="{{ day }}: " + ALL)
RULES = [
    (EVENING,),
    (Rule("evening", days_before=1, at="18:00", text=ONE, together=ALL, if_late="skip"),),
    (EVENING, Rule("hours", before="3 hours", text="Soon: {{ when }}", together="Soon: " + ALL)),
    (EVENING, Rule("hour", before="1 hour", text="Now: {{ when }}")),
    (Rule("day", before="24 hours", text="No names", together="Several", min_notice="1 hour"),),
    (Rule("offer", days_before=1, at="17:30", text="!"), Rule("evening", days_before=1, at="18:00", text=ONE,
     together=ALL, min_silence="1 hour")),
    (EVENING, Rule("thanks", after="1 hour", text="Thanks!", together="Thanks for {{ appointments | length }}!")),
]  # fmt: skip
GAP = timedelta(minutes=20)


class JointLaws(Laws):
    """What holds when one message may tell several reminders."""

    def check(self, promised=()):
        self.records_by_key = {outcome.key: outcome for record in self.records for outcome in record.outcomes}
        self.all_wanted = {reminder.key: reminder for reminder in self.wanted()}
        self.note_who_tells()
        super().check(promised)
        self.check_included_once()
        self.check_received_once()

    def note_who_tells(self):
        """Note, by reminder key, the messages of others that include it."""
        self.tells = {}
        for record in self.records:
            for message in record.messages:
                for included in message.includes:
                    self.tells.setdefault(included.key, []).append((message, included))

    def live_rows(self):
        for found in self.by_key.values():
            yield from self.live(found)

    def check_included_once(self):
        """No reminder is told by two messages that are still to be sent."""
        doubtful = self.once_unknown
        seen = {}
        for message, row in self.live_rows():
            if row["id"] in doubtful or row["state"] in ("unknown", "abandoned"):
                continue
            keys = [row["key"], *(item.key for item in self.message_of(row["id"]).includes)]
            for key in keys:
                assert key not in seen, f"told twice: {key} in {seen[key]} and {message}"
                seen[key] = message

    def unknown(self, key):
        """Count what told this one along as well: the person may have it from there."""
        along = [row for row in self.rows.values() if row["id"] in self.once_unknown and key in row["told"]]
        return [*super().unknown(key), *along]

    def has_come(self, message):
        """Say whether a message counts as received."""
        return bool(message.sent_at)

    def check_received_once(self):
        """Nobody received a reminder twice for one start, in a message of its own or of another."""
        came = {}
        for message, row in (item for found in self.by_key.values() for item in found):
            if self.has_come(message) and row["id"] not in self.once_unknown:
                included = [(row["key"], moment(row["start_at"])), *self.included_in(row["id"])]
                for key, start_at in included:
                    came.setdefault(key, []).append((message.sent_at, start_at, message.to, message.text))
        for key, found in came.items():
            if self.unknown(key) or any(item.id in self.once_unknown for item, _ in self.tells.get(key, ())):
                continue
            for before, after in pairwise(sorted(found)):
                moved = abs(before[1] - after[1]) > REARM
                assert moved or before[2] != after[2], f"received twice: {key}: {before}, {after}"

    def included_in(self, id_):
        known = [message for record in self.records for message in record.messages if message.id == id_]
        return [(item.key, item.start_at) for message in known for item in message.includes]

    def message_of(self, id_):
        return next(message for record in self.records for message in record.messages if message.id == id_)

    def has_it(self, reminder, found):
        if super().has_it(reminder, found):
            return True
        start = reminder.appointment.start_at
        return any(
            self.is_out(message)
            and message.draft.to == reminder.recipient.phone
            and abs(included.start_at - start) <= REARM
            for message, included in self.tells.get(reminder.key, ())
        )

    def is_out(self, message):
        at_provider = next((item for item in self.world.sandbox.messages() if item.id == message.provider_id), None)
        if at_provider is None:
            return False
        going = at_provider.status == "scheduled" and at_provider.send_at - self.now <= self.too_near
        return bool(at_provider.sent_at) or going

    def check_wanted(self, reminder, outcome, found):
        bearers = [
            message
            for message, included in self.tells.get(reminder.key, ())
            if message.state is State.SCHEDULED and included.start_at == reminder.appointment.start_at
        ]
        if bearers and outcome.reason == Reason.SUPERSEDED and not self.live(found):
            (message,) = bearers
            assert group_of(self.all_wanted[message.key]) == group_of(reminder), "told with strangers"
            return
        super().check_wanted(reminder, outcome, found)

    def check_parked(self, reminder, message, row):
        assert message.to == reminder.recipient.phone, "parked for another number"
        assert row["state"] == State.SCHEDULED, f"the ledger says {row['state']} of a parked message"
        assert moment(row["start_at"]) == reminder.appointment.start_at, "parked for another start"
        assert still_allowed(message.send_at, reminder, self.settings.quiet) is None, "parked outside what is allowed"
        included = self.message_of(row["id"]).includes
        again = place(reminder, now=self.now, window=self.settings.window, quiet=self.settings.quiet, replaces=True)
        stays = again.decision is PlacementDecision.SKIP or again.reason is Reason.CLAMPED_LATE
        if stays:
            return
        others = [self.all_wanted[item.key] for item in included]
        assert all(group_of(item) == group_of(reminder) for item in others), "told with strangers"
        draft = self.settings.composer.compose(reminder, message.send_at, others)
        assert message.text == draft.text, f"{message.text!r} instead of {draft.text!r}"

    def check_absent(self, reminder, outcome, found):
        """What is superseded is told by somebody, or waits with somebody who is held."""
        keeps_apart = (
            self.settings.min_gap and self.settings.window.holds_and_sends and outcome.status == ReminderStatus.HELD
        )
        if keeps_apart or self.waits_for_room(reminder.key):
            return
        if outcome.reason == Reason.SUPERSEDED and self.is_joint(reminder):
            company = [
                other
                for other in self.all_wanted.values()
                if other.key != reminder.key and group_of(other) == group_of(reminder)
            ]
            waiting = [reminder for reminder in company if self.records_by_key[reminder.key].status == "held"]
            late = not outcome.replacing  # superseded by another rule of its own appointment, not told by another's
            assert waiting or late, f"nobody tells {reminder.appointment.id} {reminder.rule.id}: {outcome}"
            return
        included = [message for message, _ in self.tells.get(reminder.key, ())]
        if outcome.reason == Reason.NOT_CONFIRMED and any(item.id in self.once_unknown for item in included):
            return
        if outcome.reason in SAID_BY_OTHERS:
            assert self.is_said(reminder), f"left to another record, which says nothing: {outcome}"
            return
        if outcome.reason == Reason.CONDITION and reminder.rule.min_silence:
            assert outcome.park_at is not None or self.is_silenced(reminder), f"silenced for nothing: {outcome}"
            return
        super().check_absent(reminder, outcome, found)

    def is_said(self, reminder):
        """Say whether a message of another reminder tells, or told, its number of its start."""
        return any(
            message.to == reminder.recipient.phone and moment(row["start_at"]) == reminder.appointment.start_at
            for key, found in self.by_key.items()
            for message, row in found
            if key != reminder.key and message.status != "cancelled"
        )

    def is_silenced(self, reminder):
        """Say whether something else goes to its number shortly before it would, or would have at its time."""
        decided = min(self.now, reminder.due_at - 2 * self.settings.window.min_lead)
        placed = place(reminder, now=decided, window=self.settings.window, quiet=self.settings.quiet, replaces=True)
        since = placed.send_at - reminder.rule.min_silence if placed.send_at else None
        return since is not None and any(
            since <= message.send_at <= placed.send_at
            for found in self.by_key.values()
            for message, _ in found
            if message.to == reminder.recipient.phone
        )

    def is_joint(self, reminder):
        return group_of(reminder) is not None

    def check_moved(self, reminder, message, row):
        if not self.settings.min_gap:
            super().check_moved(reminder, message, row)


class JointHistory(History):
    """Few phones, few days."""

    LAWS = JointLaws
    RULES = RULES
    KINDS = [  # noqa: RUF012 - read only
        *[{}] * 3,
        *[{"options": {"min_gap": GAP}}] * 2,
        {"options": {"min_gap": GAP, **CORRECTING}},
        {"endpoint": "schedule"},
        {"idempotency": False},
        {"cap": 4, "small": True},
        {"kind": "twilio"},
        {"kind": "vonage"},
        {"kind": "vonage", "options": {"min_gap": GAP}},
    ]
    NUMBERS = [f"+120255501{n:02}" for n in (20, 21)]  # noqa: RUF012 - read only

    def visit(self):
        self.number += 1
        ahead = timedelta(hours=self.random.choice([2, 20, 26, 26, 50, 50, 74, 74, 150]))
        day = (self.world.now + ahead).astimezone(NEW_YORK)
        starts_at = day.replace(hour=self.random.randrange(8, 19), minute=self.random.choice([0, 30]), second=0)
        starts_at = datetime(
            starts_at.year, starts_at.month, starts_at.day, starts_at.hour, starts_at.minute, tzinfo=NEW_YORK
        )
        if starts_at <= self.world.now:
            starts_at += timedelta(days=1)
        people = [self.person(index) for index in range(self.random.choice([1, 1, 1, 2]))]
        return Appointment(
            f"A-{self.number}", starts_at, starts_at + timedelta(minutes=30), recipients=people, title="Check-up"
        )

    def moved(self, appointment):
        by = timedelta(minutes=self.random.choice([-1440, -120, -60, -5, 5, 30, 60, 120, 1440, 2880]))
        starts_at = appointment.starts_at + by
        return evolve(appointment, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=30))
