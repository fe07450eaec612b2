"""Random histories of obstacles: outages, faults of the account, limits; and what is promised once they are over.

Never chooses by anything but the seed, and never asks the planner: the oracle knows when each obstacle was in the way,
what the host wanted when, and what reached whom.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import groupby
from random import Random

from attrs import evolve, frozen

from reminder_kit import Appointment, QuietHours, Recipient, Rule
from reminder_kit.ledger.integrity import check
from reminder_kit.model.instants import zone
from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderStatus
from reminder_kit.planning.message_times import ASKED
from reminder_kit.rules.placement import PlacementDecision, place
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.superseding import COLLAPSE_WITHIN
from reminder_kit.sandbox.faults import Fault
from tests.factories import NEW_YORK
from tests.simulation.histories import MISSING
from tests.simulation.laws import REARM, moment
from tests.simulation.world import Died, World

HERE = [f"+120255501{n:02}" for n in range(40, 44)]
ABROAD = [f"+4477009001{n:02}" for n in range(40, 43)]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LONGEST_WAIT = 60 * MINUTE
"""How long after an obstacle is over it may take, at the most, until what it stopped is tried again."""

QUIET = [None, None, QuietHours("21:00", "08:00"), QuietHours("12:00", "14:00"), QuietHours("18:00", "10:00")]
DAY = Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}, {{ recipient.name or '' }}")
RULES = [
    (DAY,),
    (DAY, Rule("hours-before", before="2 hours", text="Soon: {{ when }}", min_notice="30 minutes")),
    (Rule("day-before", before="1 day", text="See you {{ when }}", min_notice="3 hours"),),
    (Rule("day-before", before="1 day", text="See you {{ when }}", if_late="skip"),
     Rule("hours-before", before="3 hours", text="Soon: {{ when }}", min_notice="1 hour")),
    (Rule("evening", days_before=1, at="18:00", text="{{ appointment.title }} {{ when }}", shift="later"),),
    (Rule("two-days", before="48 hours", text="{{ when }}", if_late={"skip_after": "20 hours"}), DAY),
    (Rule("two-days", before="48 hours", text="{{ when }}", if_late="next rule"),
     Rule("hour", before="1 hour", text="Now: {{ when }}")),
]  # fmt: skip

KINDS = {
    "telnyx": [
        *[{}] * 3,
        {"options": MISSING},
        {"idempotency": False},
        {"endpoint": "schedule"},
        {"endpoint": "schedule", "options": MISSING},
    ],
    "twilio": [{}, {}, {"options": MISSING}],
    "vonage": [{}, {}, {"options": MISSING}],
}
"""How each provider is used: with keys that it honours or ignores, without keys, with texts that are never doubled."""

OUTAGES = ["503", "500", "500_after", "drop_before", "drop_after", "slow_before"]
AFTER = {"500_after", "drop_after", "cut", "slow"}
"""The faults by which a request is carried out and its answer lost."""
REFUSALS = {
    "telnyx": [(403, "40309", "+4477"), (400, "40312", None), (400, "40333", None), (403, "20100", None),
               (400, "40305", None), (400, "99999", None), (400, "99999", "+4477"), (403, "99998", None)],
    "twilio": [(403, "21408", "%2B4477"), (403, "20005", None), (429, "30023", None), (400, "21704", None),
               (400, "21659", None), (400, "99999", None), (400, "99999", "%2B4477"), (403, "99998", None)],
    "vonage": [(403, "1120", '"4477'), (402, "1070", None), (403, "1080", None), (422, "1420", None),
               (403, "1160", None), (422, "9999", None), (422, "9999", '"4477'), (403, "9998", None)],
}  # fmt: skip
"""Refusals by provider that a person mends: status, code, and a part of the requests that they befall."""


TIMELY = (Reason.TOO_LATE, Reason.PAST, Reason.QUIET_HOURS, Reason.SUPERSEDED)
"""Why time may leave no message for a reminder."""


@frozen
class Obstacle:
    """Something in the way from one instant to another (UTC)."""

    begins: datetime
    ends: datetime
    #: The fault; None: the provider has room for `room` more messages only.
    fault: Fault | None = None
    room: int = 0

    def __str__(self):
        what, fault = f"room for {self.room}", self.fault
        if fault is not None:
            code = f"{fault.status} {fault.code} {fault.containing}" if fault.kind == "error" else fault.retry_after
            what = f"{fault.kind} {code} of {fault.method or 'all requests'}"
        return f"{what} from {self.begins:%m-%d %H:%M} to {self.ends:%m-%d %H:%M}"


@frozen
class Version:
    """What the host wanted of an appointment from an instant on."""

    since: datetime
    #: None: it was cancelled.
    start_at: datetime | None


class ObstacleHistory:
    """One story: appointments, a batch job, obstacles that end, and the time after. `play` tells and checks it."""

    def __init__(self, seed, *, provider="telnyx", ledger=None):
        self.random = Random(f"{provider} {seed}")
        rules, quiet = self.random.choice(RULES), self.random.choice(QUIET)
        self.kind = self.random.choice(KINDS[provider])
        self.provider = provider
        self.world = World(rules, quiet, kind=provider, ledger=ledger, **self.kind)
        self.story = [f"{provider} {self.kind or 'plain'}, {rules}, {quiet}"]
        self.kits = [self.world.kit() for _ in range(self.random.choice([1, 1, 2]))]
        self.ear = self.world.kit()
        self.settings = self.ear.settings
        self.pace = MINUTE * (1 if self.settings.window.holds_and_sends else self.random.choice([1, 2, 5, 10]))
        self.host, self.versions = {}, defaultdict(list)
        self.obstacles, self.runs, self.barred = [], [], {}
        self.hears = self.random.random() < 0.7
        self._reminders = {}
        self._open_since = {}
        self.given_up = self.deaths = 0

    # Words

    def log(self, *words):
        self.story.append(f"{self.world.now:%m-%d %H:%M:%S} " + " ".join(str(word) for word in words))

    @staticmethod
    def shown(appointment):
        people = ", ".join(recipient.phone for recipient in appointment.recipients)
        return f"{appointment.id} {appointment.starts_at:%m-%d %H:%M%z} {appointment.status} {people}"

    def chance(self, share):
        return self.random.random() < share

    def between(self, least, most):
        """Return a length of so many minutes, evenly by its logarithm."""
        return timedelta(minutes=round(least * (most / least) ** self.random.random()))

    # The host

    def visit(self):
        number = len(self.host) + 1
        starts_at = (self.world.now + self.between(120, 6 * 24 * 60)).replace(second=0).astimezone(NEW_YORK)
        chosen = self.random.sample([*HERE, *ABROAD], self.random.choice([1, 1, 1, 2]))
        people = [Recipient(phone, id=f"P-{number}-{index}", name="Ada") for index, phone in enumerate(chosen)]
        return Appointment(
            f"A-{number}", starts_at, starts_at + 30 * MINUTE, recipients=people, title=f"Check-up {number}"
        )

    def edited(self, appointment):
        if self.chance(0.3):
            return evolve(appointment, status="cancelled")
        before = [version.start_at for version in self.versions[appointment.id] if version.start_at is not None]
        while True:
            by = timedelta(minutes=self.random.choice([-1, 1, 1]) * self.random.randrange(40, 3000))
            starts_at = max(appointment.starts_at + by, self.world.now.astimezone(NEW_YORK) + self.between(20, 600))
            if all(abs(starts_at - start_at) > 2 * REARM for start_at in before):
                break
        return evolve(appointment, starts_at=starts_at, ends_at=starts_at + 30 * MINUTE)

    def edit(self):
        """Book something new, or move or cancel what is still to come; have it synced, or recorded."""
        coming = [item for item in self.host.values() if item.start_at > self.world.now and item.status != "cancelled"]
        if not coming or self.chance(0.4):
            self.hand_in([self.visit()])
        else:
            self.hand_in([self.edited(self.random.choice(coming))])

    def hand_in(self, changed):
        sync = self.chance(0.5)
        self.log("sync" if sync else "record", *[self.shown(item) for item in changed])
        kit = self.kit()
        try:
            (kit.sync if sync else kit.record)(changed)
        except Died:
            self.log("  died")
            self.deaths += 1
            self.world.kit().record(changed)
        for item in changed:
            self.host[item.id] = item
            start_at = item.start_at if item.status != "cancelled" else None
            self.versions[item.id].append(Version(self.world.now, start_at))

    def suppress(self):
        number = self.random.choice([*HERE, *ABROAD])
        self.log("suppress", number)
        self.world.kit().suppress(number)
        self.barred.setdefault(number, self.world.now)

    # The batch job

    def kit(self):
        index = self.random.randrange(len(self.kits))
        if self.kits[index].steps.dead or self.chance(0.02):
            self.log("kit", index, "starts again")
            self.kits[index] = self.world.kit()
        return self.kits[index]

    def run(self):
        """Run the batch job once: it may die, or another process may work in between."""
        kit, now = self.kit(), self.world.now
        if self.chance(0.06):
            self.trap(kit)
        try:
            report = kit.resync(force=True)
        except Died:
            self.log("  died")
            self.deaths += 1
        else:
            if report.failed or any(change.is_work for change in report.changes):
                self.log(report.headline)
            self.check_waiting()
        kit.steps.disarm()
        self.runs.append((now, self.world.now))
        self.listen()

    def trap(self, kit):
        point, dies = self.random.choice([*range(1, 12), *range(1, 40)]), self.chance(0.6)
        if dies and self.is_obstructed():
            self.log("a run is to die at step", point)
            if self.chance(0.5):
                kit.rename()
            kit.steps.arm(point)
        elif not dies:
            self.log("another process runs at step", point)
            kit.steps.arm(point, lambda: self.world.kit().resync(force=True))

    def listen(self):
        """Deliver the webhooks sent since, mostly; in some stories none ever arrives."""
        self.world.collect()
        if self.chance(0.2):
            return
        heard, self.world.webhooks = self.world.webhooks, []
        for hook in heard if self.hears else ():
            self.world.deliver(self.ear, hook)

    # Obstacles

    def is_obstructed(self):
        return any(obstacle.begins <= self.world.now < obstacle.ends for obstacle in self.obstacles)

    @property
    def over_at(self):
        """When the last obstacle is over."""
        return max(obstacle.ends for obstacle in self.obstacles)

    def put_up(self, begins):
        """Think of an obstacle that begins at an instant."""
        ends = begins + self.random.choice([self.between(5, 40), self.between(40, 400), self.between(600, 3600)])
        kind = self.random.choice(["outage"] * 4 + ["refusal"] * 4 + ["key", "storm", "room"])
        if kind == "room" and self.provider != "vonage":
            return Obstacle(begins, ends, None, self.random.randrange(3))
        method = self.random.choice([None, "POST"])
        if kind == "key":
            return Obstacle(begins, ends, Fault("unauthorized", None))
        if kind == "storm":
            wait = self.random.choice([None, 1.0, 20.0, 45.0, 400.0])
            return Obstacle(begins, ends, Fault("429", None, method=method, retry_after=wait))
        if kind == "refusal":
            status, code, part = self.random.choice(REFUSALS[self.provider])
            fault = Fault("error", None, method="POST", status=status, code=code, containing=part, of_new=True)
            return Obstacle(begins, ends, fault)
        wait = self.random.choice([None, None, 20.0, 300.0])
        fault = Fault(self.random.choice(OUTAGES), None, method=method, delay=60.0, retry_after=wait)
        return Obstacle(begins, ends, fault)

    def raise_obstacles(self):
        """Have what is in the way now be in the way, and nothing else."""
        now, waiting = self.world.now, self.world.sandbox.faults.waiting
        standing = [obstacle for obstacle in self.obstacles if obstacle.begins <= now < obstacle.ends]
        faults = [obstacle.fault for obstacle in standing if obstacle.fault]
        faults.sort(key=lambda fault: fault.kind != "unauthorized")  # nothing is done under a key that is refused
        if faults != waiting:
            self.log("in the way:", *standing)
            waiting[:] = faults
        rooms = [obstacle.room for obstacle in standing if obstacle.fault is None]
        if not rooms:
            self.world.sandbox.cap = 1_000_000
        elif self.world.sandbox.cap == 1_000_000:
            self.world.sandbox.cap = self.world.sandbox.parked_count() + min(rooms)
            self.log("room for", self.world.sandbox.cap)

    # Time

    def wait(self, until):
        """Let time pass up to an instant, stopping where obstacles begin and end."""
        while self.world.now < until:
            edges = [edge for item in self.obstacles for edge in (item.begins, item.ends) if edge > self.world.now]
            self.world.sandbox.clock.set(min([until, *edges]))
            self.raise_obstacles()

    def is_at_work(self, records):
        """Say whether the next run has anything to look at."""
        now = self.world.now
        return any(
            record.dirty or (record.next_at is not None and record.next_at <= now + self.pace)
            for record in records
            if record.start_at + 30 * MINUTE > now
        )

    def step(self):
        """Wait for the next run that has anything to do, and run the batch job.

        Near an obstacle one run in four is made all the same, and 20 minutes are the most; elsewhere it is six hours.
        """
        long_since = self.is_obstructed() and self.chance(0.9) and self._obstructed_for() > 2 * HOUR
        gap = self.random.choice([self.pace, 30 * MINUTE, 90 * MINUTE]) if long_since else self.pace
        until = self.world.now + gap
        is_near, records = self.is_obstructed() or self._recovers(), self.world.records()
        if not self.is_at_work(records) and not (is_near and self.chance(0.25)):
            nexts = [record.next_at for record in records if record.next_at is not None]
            nexts = [item for item in nexts if item > self.world.now]
            nexts.append(self.world.now + (20 * MINUTE if is_near else 6 * HOUR))
            until = max(until, until + (min(nexts) - until) // -self.pace * -self.pace)
        self.wait(until)
        self.run()

    def _obstructed_for(self):
        return self.world.now - min(item.begins for item in self.obstacles if item.ends > self.world.now)

    def _recovers(self):
        return self.over_at <= self.world.now < self.over_at + LONGEST_WAIT + 5 * self.pace

    def play(self):
        self.hand_in([self.visit()])
        for _ in range(self.random.choice([2, 3, 5])):
            self.hand_in([self.visit()])
        begins = self.world.now + self.between(2, 600)
        for _ in range(self.random.choice([1, 1, 2, 3])):
            self.obstacles.append(self.put_up(begins))
            begins += self.between(2, 300)
        self.log(*self.obstacles)
        while self.world.now < self.over_at:
            self.step()
            if self.chance(0.08):
                self.edit()
            elif self.chance(0.01):
                self.suppress()
        self.log("all obstacles are over")
        while any(self.coming()):
            self.step()
            if self._recovers() and self.chance(0.01):
                self.edit()
        self.step()  # what was edited last is worked on as well
        self.wait(self.world.now + HOUR)
        self.check()
        return self

    def coming(self):
        return (
            item for item in self.host.values() if item.status != "cancelled" and item.start_at > self.world.now - HOUR
        )

    # The oracle in every run

    def reminders(self, record):
        """Return the reminders that an appointment asks for by the rules."""
        name = record.row, record.generation
        if name not in self._reminders:
            found = reminders_of(record.appointment, self.settings.rules, self.settings.defaults)
            self._reminders[name] = [reminder for reminder in found if reminder.refusal is None]
        return self._reminders[name]

    def check_waiting(self):
        """What is wanted and was not sent has a message that is on its way, or is looked at again, soon enough."""
        for record in self.world.records():
            self.check_open_steps(record)
            if not record.removed and record.start_at > self.world.now and not record.dirty:
                for reminder in self.reminders(record):
                    if reminder.recipient.phone not in self.barred:
                        self.check_attempt(record, reminder)

    def check_open_steps(self, record):
        """Once nothing is in the way, what became of a message is asked in one of three runs after its instant.

        A run that asked in vain may leave an instant that is over: then the runs after that one count.
        """
        undisturbed = [began for began, _ in self.runs if began >= self.over_at][-3:]
        counts = len(undisturbed) == 3 and not record.dirty and record.start_at + 30 * MINUTE > self.world.now
        for message in record.messages:
            tried_at = message.next_try_at
            if tried_at is not None and message.state in (State.CREATING, State.CANCELLING, State.UNKNOWN):
                known_at = self._open_since.setdefault((message.id, message.state, tried_at), self.world.now)
                is_late = max(tried_at, known_at) <= undisturbed[0] if counts else False
                assert not is_late, f"nobody asks what became of {message}"

    def check_attempt(self, record, reminder):
        now, settings = self.world.now, self.settings
        outcome = next((item for item in record.outcomes if item.key == reminder.key), None)
        assert outcome is not None, f"a reminder without an outcome: {reminder}"
        messages = [item for item in record.messages if item.key == reminder.key]
        true = [item for item in messages if item.start_at == record.start_at]
        said = f"{record.identity.id} {reminder.rule.id}: {outcome}, {[item.state.value for item in messages]}"
        next_at = record.next_at or datetime.max.replace(tzinfo=now.tzinfo)
        if any(item.state in SENT or item.state is State.SCHEDULED for item in true):
            return
        if open_ones := [item for item in messages if item.state in OPEN]:  # also of an earlier start: settled first
            at = min([item.send_at for item in open_ones if item.state is State.SCHEDULED], default=now)
            if any(item.state is State.CREATING for item in open_ones):  # a text may come of the question
                at = max(at, self.loud_from(now, reminder))
            assert next_at <= max(at, now) + LONGEST_WAIT + MINUTE, f"an open message is left alone: {next_at}, {said}"
            return
        if any(item.state is State.UNKNOWN for item in true) and outcome.status is ReminderStatus.SKIPPED:
            assert outcome.reason in (Reason.NOT_CONFIRMED, *TIMELY), said
            return
        placed = place(reminder, now=now, window=settings.of(reminder).window, quiet=settings.quiet)
        if placed.decision is PlacementDecision.SKIP or outcome.reason == Reason.SUPERSEDED:
            return
        if outcome.reason == Reason.SAME_TEXT:
            assert self.another_says_it(record, outcome), f"nobody says it: {said}"
            return
        assert outcome.status is ReminderStatus.HELD, f"given up: {said}"
        at = now if placed.decision is PlacementDecision.SEND else max(now, placed.park_at)
        assert next_at <= at + LONGEST_WAIT + MINUTE, f"is looked at again too late, {next_at}: {said}"

    def loud_from(self, at, reminder):
        """Return the first instant, from one on, at which its reader may be written to."""
        place_of = zone(reminder.zone)
        while any(quiet is not None and quiet.covers(at, place_of) for quiet in self.world.all_quiet):
            at += MINUTE
        return at

    def another_says_it(self, record, outcome):
        """Say whether another visit of the number at that instant has the very text, or a message of it may go out."""
        may_go_out = {*OPEN, *SENT, State.UNKNOWN}
        twins = self.twins(record, outcome.to)
        return any(item.status is not ReminderStatus.SKIPPED for item in twins) or any(
            (item.draft.to, item.start_at) == (outcome.to, record.start_at) and item.state in may_go_out
            for other in self.world.records() if other.row != record.row for item in other.messages
        )  # fmt: skip

    def twins(self, record, phone):
        """Return what is recorded for a number of other visits at that instant."""
        others = (other for other in self.world.records() if other.row != record.row)
        return [item for other in others if other.start_at == record.start_at
                for item in other.outcomes if item.to == phone]  # fmt: skip

    # The oracle once all is over

    def check(self):
        self.world.sandbox.tick()
        assert not self.world.wrongs, self.world.wrongs
        assert not (faults := check(self.world.ledger)), f"the ledger contradicts itself: {faults}"
        rows, self.once_unknown = self.world.messages(), self.world.once("unknown")
        self.by_key = defaultdict(list)
        for row in rows.values():
            self.by_key[row["key"]] += []
        for message in self.world.sandbox.messages():
            row = rows.get(self.world.made.get(message.id))
            assert row is not None, f"the ledger knows nothing of {message}"
            if message.sent_at and message.status in ("sent", "delivered"):
                self.by_key[row["key"]].append((message, row))
        self.rows = defaultdict(list)
        for row in rows.values():
            self.rows[row["key"]].append(row)
        keys = set()
        for record in self.world.records():
            for reminder in reminders_of(record.appointment, self.settings.rules, self.settings.defaults):
                keys.add(reminder.key)
                for message, row in self.by_key[reminder.key]:
                    self.check_text(record, reminder, message, row)
                if reminder.refusal is None and reminder.recipient.phone not in self.barred:
                    self.check_received(record, reminder)
        assert self.by_key.keys() <= keys, "somebody was written to who is nobody's recipient"

    def check_text(self, record, reminder, message, row):
        """Nobody is written to in quiet hours, too late, or of a start that had not been right for long."""
        start_at, quiet = moment(row["start_at"]), self.settings.quiet
        assert message.to == reminder.recipient.phone, f"went to somebody else: {message}"
        if quiet is not None:
            assert not quiet.covers(message.sent_at, zone(reminder.zone)), f"sent in quiet hours: {message}"
        assert message.sent_at <= start_at - reminder.rule.min_notice, f"sent too late: {message}"
        if (barred := self.barred.get(message.to)) is not None:
            assert self.may_be_taken_back_late(barred, message, row), f"sent although suppressed: {message}"
        versions = self.versions[record.identity.id]
        true = [(a.since, b.since) for a, b in zip(versions, [*versions[1:], None], strict=True)
                if a.start_at == start_at and b is not None]  # fmt: skip
        if versions[-1].start_at == start_at and versions[-1].since <= message.sent_at:
            return
        ended = max((end for since, end in true if since <= message.sent_at), default=None)
        assert ended is not None, f"of a start that was never right: {message}"
        if ended < message.sent_at:
            assert self.may_be_taken_back_late(ended, message, row), (
                f"of a start that was right until {ended}: {message}"
            )

    def may_be_taken_back_late(self, changed_at, message, row):
        """Say whether a message unwanted from an instant on may go out: nothing could be asked of the provider."""
        is_twin = not self.world.sandbox.idempotency and row["provider_id"] not in (None, message.id)
        if is_twin or (row["id"] in self.once_unknown and not self.can_be_asked(row)):
            return True
        window = self.settings.window
        free = max(changed_at, self.over_at + LONGEST_WAIT)
        return message.sent_at <= self.run_after(free) + window.cancel_cutoff + window.margin + MINUTE

    def run_after(self, instant):
        """Return when the first run is over that begins after an instant: the host edits after a run of that minute."""
        return min((end for begin, end in self.runs if begin > instant), default=instant)

    def can_be_asked(self, row):
        """Say whether the provider can tell what became of a request whose answer was lost."""
        if self.provider == "twilio":
            return True
        if self.provider == "vonage" or not self.world.sandbox.idempotency or "endpoint" in self.kind:
            return False
        return self.over_at + LONGEST_WAIT + self.pace < moment(row["created_at"]) + timedelta(hours=24)

    def check_received(self, record, reminder):
        """What there was time for after the last obstacle came once; what can't be asked after, twice at most."""
        start_at = reminder.appointment.start_at
        rows = [row for row in self.rows[reminder.key] if moment(row["start_at"]) == start_at]
        count = self.told_in_a_row(reminder.key, start_at)
        doubtful = [row for row in rows if row["id"] in self.once_unknown]
        outcome = next((item for item in record.outcomes if item.key == reminder.key), None)
        said = f"{record.identity.id} {reminder.rule.id} {reminder.due_at}: {outcome}, {[row['state'] for row in rows]}"
        prefers = self.settings.prefer_duplicate
        most = 2 if prefers and any(not self.can_be_asked(row) for row in doubtful) else 1
        assert count <= most, f"received {count} times: {said}"
        if count or (doubtful and not prefers):
            return
        if self.was_given_up(doubtful):
            self.given_up += 1
            return
        if "title" not in str(reminder.rule.text) and self.twin_came(record, reminder):
            return
        changed_at = self.versions[record.identity.id][-1].since
        ready_at = self.run_after(max(self.over_at + LONGEST_WAIT, changed_at)) + MINUTE
        if doubtful and self.provider == "telnyx":  # it is repeated as a question, of which a text may come
            loud_at = self.loud_from(ready_at, reminder)
            ready_at = ready_at if loud_at == ready_at else self.run_after(loud_at) + MINUTE
        window = self.settings.of(reminder).window
        placed = place(reminder, now=ready_at, window=window, quiet=self.settings.quiet)
        late = reminder.due_at < window.opens(ready_at)
        if placed.decision is PlacementDecision.SKIP or (late and self.others_came(record, reminder)):
            return
        if self.was_moved_beside(record, reminder):
            return
        raise AssertionError(f"never received, although there was time from {ready_at} on: {placed}, {said}")

    def told_in_a_row(self, key, start_at):
        """Return how often a start was told with no other one told in between, which would have to be put right.

        Where keys are ignored, the texts of one message count as one.
        """
        texts = sorted(self.by_key[key], key=lambda text: text[0].sent_at)
        counts = []
        for start, told in groupby(texts, key=lambda text: moment(text[1]["start_at"])):
            names = [row["id"] for _, row in told]
            if start == start_at:
                counts.append(len(names if self.world.sandbox.idempotency else set(names)))
        return max(counts, default=0)

    def others_came(self, record, reminder):
        """Say whether another reminder tells, or may tell, the same person of the same start: a late one gives way.

        So it may be in the name of another visit at that instant.
        """
        others = self.others(record, reminder)
        came = {row["id"] for key in others for _, row in self.by_key[key]}
        rows = [row for key in others for row in self.rows[key] if row["id"] in came | self.once_unknown]
        return any(moment(row["start_at"]) == reminder.appointment.start_at for row in rows)

    def others(self, record, reminder):
        """Return the keys of other reminders that the same person has of that start, by this visit or another."""
        phone = reminder.recipient.phone
        own = [item.key for item in record.outcomes if item.key != reminder.key and item.to == phone]
        return [*own, *(item.key for item in self.twins(record, phone))]

    def was_moved_beside(self, record, reminder):
        """Say whether quiet hours moved it as near to another that came as those that say nothing new."""
        start_at, last = reminder.appointment.start_at, reminder.due_at
        first = self.loud_from(last, reminder)
        if first == last:
            return False
        while self.loud_from(last, reminder) == first:
            last -= MINUTE
        texts = [text for key in self.others(record, reminder) for text in self.by_key[key]]
        came = [text.sent_at for text, row in texts if moment(row["start_at"]) == start_at]
        return any(abs(at - moved) < COLLAPSE_WITHIN for at in came for moved in (last, first))

    def twin_came(self, record, reminder):
        """Say whether the very words came, or may have, in the name of another visit of the person at that instant."""
        found = self.twins(record, reminder.recipient.phone)
        twins = [item.key for item in found if item.rule == reminder.rule.id]
        return any(self.by_key[key] or any(row["id"] in self.once_unknown for row in self.rows[key]) for key in twins)

    def was_given_up(self, doubtful):
        """Say whether both messages that a reminder has may be out, since a process died in between: no third follows.

        One that was repeated as a question counts twice, since the question may be a text. Twilio can always be asked.
        """
        count = len(doubtful) + sum(row["error"].startswith(ASKED) for row in doubtful)
        return bool(self.deaths) and count > 1 and self.provider != "twilio"
