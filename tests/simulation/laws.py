"""The laws, checked from outside: what the sandbox holds against what the appointments ask for.

Never asks the planner: wanted reminders, their times and words come from rules, placement and text alone.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from reminder_kit.model.instants import zone
from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.reasons import WAITS, Reason
from reminder_kit.model.records import ReminderStatus
from reminder_kit.planning.correction import corrections
from reminder_kit.planning.fallback import fallback_key, with_fallbacks
from reminder_kit.planning.observed import Observed
from reminder_kit.rules.placement import GRACE, PlacementDecision, place, still_allowed
from reminder_kit.rules.reminders import reminders_of

REARM = timedelta(minutes=15)


def moment(micros):
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


class Laws:
    """Everything there is to compare, read once."""

    def __init__(self, world, kit, host):
        self.world, self.kit, self.host = world, kit, host
        world.sandbox.tick()
        self.now = world.now
        self.settings = kit.settings
        self.rows = world.messages()
        self.records = world.records()
        self.once_unknown = world.once("unknown")
        self.barred = set(world.ledger.read(lambda reader: reader.suppressions()))
        self.by_key = defaultdict(list)
        self.strays = []
        window = self.settings.window
        self.too_near = window.cancel_cutoff + window.margin + timedelta(seconds=1)
        for message in world.sandbox.messages():
            row = self.rows.get(world.made.get(message.id))
            if row is None:
                self.strays.append(message)
            elif not self.is_twin(message, row):
                self.by_key[row["key"]].append((message, row))

    def is_twin(self, message, row):
        """Say whether this is what a provider that ignores keys made of a request it had carried out before."""
        return not self.world.sandbox.idempotency and row["provider_id"] not in (None, message.id)

    def check(self, promised=()):
        assert not self.world.wrongs, self.world.wrongs
        assert not self.strays, f"the ledger knows nothing of {self.strays}"
        self.check_input()
        self.fallbacks = {fallback_key(key): key for key in self.by_key}
        for key in self.fallbacks.keys() & self.by_key.keys():
            self.check_stands_in(self.by_key[self.fallbacks[key]], self.by_key[key])
        self.check_room()
        self.check_kept(promised)
        wanted = {reminder.key: reminder for reminder in self.wanted()}
        outcomes = {outcome.key: outcome for record in self.records for outcome in record.outcomes}
        coming = {reminder.key for reminder in wanted.values() if reminder.appointment.end_at >= self.now}
        assert coming <= outcomes.keys(), "a reminder without an outcome"
        for key, found in self.by_key.items():
            self.check_received(key, found)
            if key not in wanted:
                self.check_unwanted(key, found)
        for key in wanted.keys() & outcomes.keys():
            self.check_wanted(wanted[key], outcomes[key], self.by_key.get(key, []))

    def check_input(self):
        """Nothing that the host has is missing, nothing it no longer has is left."""
        recorded = {record.identity.id: record.appointment for record in self.records if not record.removed}
        for id_, appointment in self.host.items():
            assert id_ in recorded, f"{id_} was never recorded"
            assert recorded[id_].start_at == appointment.start_at, f"{id_} is recorded with another start"
        gone = [id_ for id_, item in recorded.items() if id_ not in self.host and item.start_at > self.now]
        assert not gone, f"{gone} should have been withdrawn"

    def check_room(self):
        """Nothing waits for want of room while there is room."""
        held = [
            outcome for record in self.records for outcome in record.outcomes if outcome.reason == Reason.AT_CAPACITY
        ]
        held = [item for item in held if item.status == ReminderStatus.HELD and item.due_at and item.due_at > self.now]
        assert not held or self.world.ledger.read(lambda reader: reader.parked()) >= self.world.cap, (
            f"held although there is room: {held}"
        )

    def promised(self):
        """Return what comes to whom and when, if nothing changes: what is parked, and what is held until it is due."""
        parked = [
            (key, message.to, message.send_at)
            for key, found in self.by_key.items()
            for message, row in self.live(found)
            if row["state"] == State.SCHEDULED
        ]
        return parked + [item for item in self.held() if self.settings.window.holds_and_sends]

    def held(self):
        for reminder in self.wanted():
            barred = reminder.refusal is not None or reminder.recipient.phone in self.barred
            if not barred and reminder.key not in self.by_key:
                placed = place(reminder, now=self.now, window=self.settings.window, quiet=self.settings.quiet)
                if placed.decision is PlacementDecision.HOLD:
                    yield reminder.key, reminder.recipient.phone, placed.park_at

    def check_kept(self, promised):
        """What was promised for the time that has passed came in it, unless the provider keeps it from the phone."""
        gave_way = {
            outcome.key for record in self.records for outcome in record.outcomes if outcome.reason == Reason.SUPERSEDED
        }
        for key, number, at in promised:
            kept_away = any(item == number for item, _ in self.world.sandbox.opted_out)
            if at + GRACE > self.now or kept_away or key in gave_way:
                continue
            came = [item.sent_at for item, _ in self.by_key.get(key, []) if item.to == number and item.sent_at]
            assert any(at <= item <= at + GRACE for item in came), f"promised for {at}, and did not come: {key}, {came}"

    def wanted(self):
        for record in self.records:
            if not record.removed:
                found = reminders_of(record.appointment, self.settings.rules, self.settings.defaults)
                sent = defaultdict(list)
                for message in record.messages:
                    sent[message.key].append(message)
                yield from with_fallbacks(found, sent, self.settings)
                yield from self.corrections(sent, found, record)

    def corrections(self, sent, found, record):
        observed, notice = Observed.recorded(record, {}), self.settings.correction
        return corrections(found, sent, observed, notice, REARM, self.now) if notice else []

    def unknown(self, key):
        """Return what was, at some time, not to be known of this reminder: named so, and counted."""
        return [row for row in self.rows.values() if row["key"] == key and row["id"] in self.once_unknown]

    def live(self, found):
        """Return what is still to be sent and could be taken back."""
        return [
            (message, row)
            for message, row in found
            if message.status == "scheduled" and message.send_at - self.now > self.too_near
        ]

    def check_received(self, key, found):
        """A person gets a reminder once for one start; again only where the start, or the person, really changed."""
        came = sorted((item for item in found if item[0].sent_at), key=lambda item: item[0].sent_at)
        if self.unknown(key):
            self.check_doubled(key, came)
            return
        for (before, earlier), (after, later) in pairwise(came):
            moved = abs(later["start_at"] - earlier["start_at"]) / 1e6 > REARM.total_seconds()
            assert moved or before.to != after.to, f"sent twice for {key}: {before}, {after}"

    def check_stands_in(self, first, spare):
        """A fallback goes out only where nothing that was sent for (nearly) its start arrived."""
        for message, row in spare:
            if not message.sent_at and message.status != "scheduled":
                continue
            same = [
                item for item, its in first if abs(its["start_at"] - row["start_at"]) / 1e6 <= REARM.total_seconds()
            ]
            same = [item for item in same if item.to == message.to]
            arrived = [item for item in same if item.sent_at and item.status in ("sent", "delivered")]
            assert not arrived, f"{message} although {arrived} arrived"
            assert message.from_ != first[0][0].from_

    def check_doubled(self, key, came):
        """What was never confirmed may come twice for one start, but not three times, and only if that is preferred."""
        most = 2 if self.settings.prefer_duplicate and key not in self.fallbacks else 1
        came = [(row["start_at"], message.to, message.send_at) for message, row in came]
        for start, to in {item[:2] for item in came}:
            same = [item for item in came if item[:2] == (start, to)]
            assert len(same) <= most, f"sent {len(same)} times for {key}: {same}"

    def check_unwanted(self, key, found):
        live = self.live(found)
        known = {row["id"] for row in self.unknown(key)}
        live = [item for item in live if item[1]["id"] not in known]
        assert not live, f"parked, and nobody wants it: {live}"

    def check_wanted(self, reminder, outcome, found):
        live = self.live(found)
        doubtful = self.unknown(reminder.key)
        if not doubtful:
            parked = [item for item in found if item[0].status == "scheduled"]
            assert len(parked) <= 1, f"two live messages for one reminder: {parked}"
        live = [item for item in live if item[1]["state"] not in ("unknown", "abandoned")]
        barred = reminder.refusal is not None or reminder.recipient.phone in self.barred
        if barred:
            assert not live, f"parked in spite of {reminder.refusal}: {live}"
        elif live:
            self.check_parked(reminder, *live[0])
        elif not doubtful and not self.has_it(reminder, found) and not self.is_going(found):
            self.check_absent(reminder, outcome, found)

    def is_going(self, found):
        """Say whether one is so near to its time that it can't be taken back: what follows is decided after it."""
        return any(message.status == "scheduled" for message, _ in found)

    def has_it(self, reminder, found):
        """Say whether the person got, or is certain to get, this reminder for (nearly) this start."""
        start = reminder.appointment.start_at
        for message, row in found:
            going = message.sent_at or (message.status == "scheduled" and message.send_at - self.now <= self.too_near)
            if going and message.to == reminder.recipient.phone and abs(moment(row["start_at"]) - start) <= REARM:
                return True
        return False

    def check_parked(self, reminder, message, row):
        assert message.to == reminder.recipient.phone, "parked for another number"
        assert row["state"] == State.SCHEDULED, f"the ledger says {row['state']} of a parked message"
        assert row["provider_id"] == message.id
        assert moment(row["start_at"]) == reminder.appointment.start_at, "parked for another start"
        assert still_allowed(message.send_at, reminder, self.settings.quiet) is None, "parked outside what is allowed"
        draft = self.settings.composer.compose(reminder, message.send_at)
        window = self.settings.of(reminder).window
        again = place(reminder, now=self.now, window=window, quiet=self.settings.quiet, replaces=True)
        stays = (
            again.decision is PlacementDecision.SKIP or again.reason is Reason.CLAMPED_LATE
        )  # a new one would come late
        assert message.text == draft.text or stays, f"{message.text!r} instead of {draft.text!r}"
        if message.send_at != reminder.due_at:
            self.check_moved(reminder, message, row)

    def check_moved(self, reminder, message, row):
        """A message that is not sent when it is due was late when parked, or its due time is in quiet hours."""
        then, window = moment(row["created_at"]), self.settings.of(reminder).window
        late = reminder.due_at < then + window.min_lead + window.margin
        place_of = zone(reminder.zone)
        shifted = any(item is not None and item.covers(reminder.due_at, place_of) for item in self.world.all_quiet)
        far = reminder.rule.if_far == "clamp"
        assert late or shifted or far, f"due {reminder.due_at}, parked for {message.send_at} at {then} without need"

    def waits_for_room(self, key):
        """Say whether the message that tells of a reminder was refused for want of room, and waits for some."""
        return any(
            row["state"] == "creating" and self.world.has_no_room_for(row["error"])
            for row in self.rows.values()
            if key == row["key"] or key in row["told"]
        )

    def is_said(self, reminder, number):
        """Say whether another message tells, or told, a number of the very start."""
        return any(
            (row["to_number"], moment(row["start_at"])) == (number, reminder.appointment.start_at)
            and row["state"] in (*OPEN, *SENT)
            for row in self.rows.values()
            if row["key"] != reminder.key
        )

    def check_absent(self, reminder, outcome, found):
        """What is not parked must not be, or can't be, or waits with the instant of its next attempt."""
        if outcome.reason in WAITS and (outcome.status == ReminderStatus.SKIPPED or outcome.park_at > self.now):
            return  # skipped: its fallback takes care of it
        window = self.settings.of(reminder).window
        placed = place(reminder, now=self.now, window=window, quiet=self.settings.quiet)
        if placed.decision is not PlacementDecision.SEND:
            kind = "held" if placed.decision is PlacementDecision.HOLD else "skipped"
            sent = f"{reminder.key}: {outcome.status}, {outcome.reason} instead of {kind}"
            given_way = outcome.reason == Reason.SUPERSEDED  # to one that went out: not looked at again
            assert outcome.status == kind or placed.decision is PlacementDecision.SKIP or given_way, sent
            return
        if self.waits_for_room(reminder.key):
            return
        if outcome.reason == Reason.SAME_TEXT:
            assert self.is_said(reminder, outcome.to), f"nobody says it: {outcome}"
            return
        excused = outcome.reason in {Reason.SUPERSEDED, Reason.ALREADY_SENT, Reason.QUARANTINED, Reason.AT_CAPACITY}
        refused = any(row["state"] == "rejected" for row in self.rows.values() if row["key"] == reminder.key)
        assert excused or refused or placed.reason == Reason.CLAMPED_LATE, (
            f"never parked: {reminder.appointment.id} {reminder.rule.id}, {placed}, recorded as {outcome}"
        )
        assert excused or refused or outcome.reason in {Reason.TOO_LATE, Reason.QUIET_HOURS, Reason.PAST}, (
            f"late and never parked: {reminder.appointment.id} {reminder.rule.id}, {placed}, recorded as {outcome}"
        )
