"""Random histories: what hosts, people, providers and power cuts do, drawn from one seed.

Never chooses by anything but the seed, so that a story can be told again.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random

from attrs import evolve

from reminder_kit import Appointment, QuietHours, Recipient, Rule
from reminder_kit.errors import ReminderKitError, UnsafePlanError
from reminder_kit.ledger.integrity import check
from reminder_kit.planning.plan import Guard
from tests.factories import NEW_YORK
from tests.simulation.laws import Laws
from tests.simulation.world import Died, World

NUMBERS = [f"+120255501{n:02}" for n in range(20, 28)]
TITLES = ["Check-up", "Cleaning", "Root canal"]
FAULTS = ["drop_before", "drop_after", "500", "500_after", "503", "429", "slow", "slow_before", "cut", "garbage"]
FAULTS += ["in_progress", "word", "no_id"]
QUIET = [None, QuietHours("21:00", "08:00"), QuietHours("12:00", "14:00"), QuietHours("18:00", "10:00")]

DAY = Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}, {{ recipient.name or '' }}")
SAME_TIME = Rule("day-before", before="1 day", text="See you {{ when }}", if_late="skip")
RULES = [
    (DAY,),
    (DAY, Rule("hours-before", before="2 hours", text="Soon: {{ when }}", min_notice="30 minutes")),
    (SAME_TIME, Rule("thanks", after="1 hour", text="Thanks!")),
    (Rule("evening", days_before=1, at="18:00", text="{{ appointment.title }} {{ when }}", shift="later"), DAY),
    (Rule("week-before", before="7 days", text="{{ when }}", if_far="clamp"), DAY),
]  # fmt: skip


MISSING = {"unknown_outcome": "prefer_missing"}
CORRECTING = {"correction": "Moved to {{ when }}"}
GUARDED = {"guard": Guard(max_cancel_ratio=0.5, max_changes=5, from_parked=3)}
KINDS = [
    *[{}] * 5,
    *[{"options": CORRECTING}] * 2,
    {"options": GUARDED},
    {"cap": 5, "small": True},
    {"idempotency": False},
    {"endpoint": "schedule"},
    {"endpoint": "schedule", "options": MISSING},
    {"kind": "twilio"},
    {"kind": "twilio", "options": {**MISSING, **CORRECTING}},
    {"kind": "vonage"},
    {"kind": "vonage", "options": MISSING},
]
"""Most kits are plain; some correct, are guarded or have little room; some providers know no keys, or ignore them."""


class History:
    """One story: `play` tells it and checks the laws at every rest. `ledger` is an empty one (default: in memory)."""

    LAWS = Laws
    RULES = RULES
    KINDS = KINDS
    NUMBERS = NUMBERS

    def __init__(self, seed, *, steps=24, ledger=None):
        self.random = Random(seed)
        self.steps = steps
        rules, quiet = self.random.choice(self.RULES), self.random.choice(QUIET)
        kind = self.random.choice(self.KINDS)
        self.world = World(rules, quiet, ledger=ledger, **kind)
        self.host = {}
        self.story = [f"{kind or 'plain'}, {[rule.id for rule in rules]}, {quiet}"]
        self.kits = [self.world.kit(), self.world.kit()]
        self.number = 0

    def log(self, *words):
        self.story.append(f"{self.world.now:%m-%d %H:%M:%S} " + " ".join(str(word) for word in words))

    @staticmethod
    def shown(appointment):
        people = [(recipient.phone, recipient.id) for recipient in appointment.recipients]
        return f"{appointment.id} {appointment.starts_at:%m-%d %H:%M} {appointment.status} {appointment.title} {people}"

    def chance(self, share):
        return self.random.random() < share

    # The host

    def visit(self):
        self.number += 1
        ahead = timedelta(minutes=self.random.choice([20, 90, 60 * 5, 60 * 26, 60 * 24 * 3, 60 * 24 * 6, 60 * 24 * 9]))
        starts_at = (self.world.now + ahead + timedelta(minutes=self.random.randrange(0, 600))).astimezone(NEW_YORK)
        people = [self.person(index) for index in range(self.random.choice([1, 1, 1, 2]))]
        ends_at = starts_at + timedelta(minutes=30)
        return Appointment(f"A-{self.number}", starts_at, ends_at, recipients=people, title="Check-up")

    def person(self, index):
        number = self.random.choice(self.NUMBERS)
        return Recipient(number, id=self.random.choice([None, f"P-{index}"]), name=self.random.choice(["Ada", "Bob"]))

    def moved(self, appointment):
        by = timedelta(minutes=self.random.choice([-1500, -180, -20, -5, 5, 20, 45, 180, 1440, 5000, 12000]))
        starts_at = appointment.starts_at + by
        return evolve(appointment, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=30))

    def edited(self, appointment):
        changes = [
            lambda: self.moved(appointment),
            lambda: self.moved(appointment),
            lambda: evolve(appointment, title=self.random.choice(TITLES)),
            lambda: evolve(appointment, status=self.random.choice(["cancelled", "confirmed", "no_show"])),
            lambda: evolve(appointment, recipients=self.reassigned(appointment)),
            lambda: evolve(appointment, recipients=[*appointment.recipients[1:], self.person(9)]),
        ]
        return self.random.choice(changes)()

    def reassigned(self, appointment):
        return [evolve(recipient, phone=self.random.choice(self.NUMBERS)) for recipient in appointment.recipients]

    def change_something(self):
        """Change the host's table; returns what changed."""
        ids = sorted(self.host)
        if not ids or self.chance(0.35):
            new = self.visit()
            self.host[new.id] = new
            return [new]
        id_ = self.random.choice(ids)
        self.host[id_] = self.edited(self.host[id_])
        return [self.host[id_]]

    # Events

    def kit(self):
        index = self.random.randrange(2)
        if self.kits[index].steps.dead:
            self.log("kit", index, "starts again")
            self.kits[index] = self.world.kit()
        return self.kits[index]

    def edit(self):
        """Change something, and have it synced, recorded or forgotten about."""
        changed = [item for _ in range(self.random.choice([1, 1, 2, 4])) for item in self.change_something()]
        way = self.random.choice(["sync", "sync", "sync", "record", "record", "nothing", "all", "all"])
        self.log(way, *[self.shown(item) for item in changed])
        kit = self.kit()
        if way == "sync":
            kit.sync(changed)
        elif way == "record":
            kit.record(changed)
        elif way == "all":
            self.carefully(lambda force: kit.sync(list(self.host.values()), complete=True, force=force))

    def carefully(self, run, *, ends=False):
        """Do something that is mostly forced; where it is refused as unsafe, nothing was written anywhere.

        `ends` says that what was begun before is ended all the same, and what people asked for done.
        """
        force = self.chance(0.6)
        begun = ends and (self.world.is_open() or self.world.ledger.read(lambda reader: reader.suppressions()))
        before, writes = None if force else self.world.dump(), self.world.sandbox.write_count
        try:
            run(force)
        except UnsafePlanError as error:
            self.log("  unsafe:", error)
            assert not force, "a forced plan was refused"
            if begun:
                return
            assert self.world.dump() == before, "a refused plan was recorded"
            assert self.world.sandbox.write_count == writes, "a refused plan was carried out"

    def book(self):
        """Save several things in a transaction of the host's own, which is then committed or rolled back."""
        kit, ours, before = self.kit(), dict(self.host), self.world.dump()
        with self.world.host() as connection:
            for _ in range(self.random.choice([1, 1, 2, 3])):
                self.save(kit, connection)
            if committed := self.chance(0.6):
                connection.commit()
        if not committed:
            self.log("  rolled back")
            self.host = ours
            assert self.world.dump() == before, "something of a transaction that was rolled back stayed"

    def save(self, kit, connection):
        if self.host and self.chance(0.2):
            id_ = self.random.choice(sorted(self.host))
            self.log("book: withdraw", id_)
            kit.withdraw(id_, connection=connection)
            self.host.pop(id_)
        elif self.chance(0.1):
            number = self.random.choice(self.NUMBERS)
            self.log("book: suppress", number)
            kit.suppress(number, connection=connection)
        else:
            changed = self.change_something()
            self.log("book:", *[self.shown(item) for item in changed])
            kit.record(changed, connection=connection)

    def purge(self):
        """Keep house; the host may archive what is as old, or hand it in again."""
        before = self.world.now - timedelta(days=self.random.choice([1, 2, 5]))
        self.log("purge before", before)
        with self.world.ledger.writing() as transaction:
            transaction.purge(before, self.world.now)
        if self.chance(0.7):
            self.host = {id_: item for id_, item in self.host.items() if item.end_at >= before}

    def vanish(self):
        if not self.host:
            return
        id_ = self.random.choice(sorted(self.host))
        del self.host[id_]
        if self.chance(0.5):
            self.log("withdraw", id_)
            self.kit().withdraw(id_)
        else:
            self.log("vanish", id_)
            if self.host:
                kit = self.kit()
                self.carefully(lambda force: kit.sync(list(self.host.values()), complete=True, force=force))

    def suppress(self):
        number = self.random.choice(self.NUMBERS)
        if self.chance(0.6):
            self.log("suppress", number)
            self.kit().suppress(number)
        else:
            self.log("allow", number)
            self.kit().allow(number)

    def reply(self):
        number, word = self.random.choice(self.NUMBERS), self.random.choice(["STOP", "START"])
        self.log("reply", number, word)
        self.world.sandbox.inbound(number, word)

    def deliver(self):
        """Deliver some webhooks, in any order, some of them twice."""
        self.world.collect()
        webhooks = self.world.webhooks
        self.random.shuffle(webhooks)
        for _ in range(self.random.randrange(0, 1 + len(webhooks))):
            hook = webhooks.pop()
            if self.chance(0.2):
                webhooks.insert(0, hook)
            self.log("webhook", hook.type, hook.payload.get("id"))
            self.world.deliver(self.kit(), hook)

    def jump(self):
        by = timedelta(seconds=self.random.choice([1, 40, 61, 301, 1800, 4000, 20_000, 86_400, 200_000]))
        self.log("time passes", by)
        self.world.advance(seconds=by.total_seconds())

    def reconfigure(self):
        if self.chance(0.5):
            self.world.rules = self.random.choice(self.RULES)
        else:
            self.world.quiet = self.random.choice(QUIET)
            self.world.all_quiet.append(self.world.quiet)
        self.log("configured", [rule.id for rule in self.world.rules], self.world.quiet)
        self.kits = [self.world.kit(), self.world.kit()]

    def fault(self):
        kind, method = self.random.choice(FAULTS), self.random.choice([None, "POST", "DELETE", "GET"])
        times = self.random.choice([1, 1, 2, 3, 4, 12])
        wait = self.random.choice([None, None, 0.5, 20.0, 45.0]) if kind in ("429", "503") else None
        self.log("fault", kind, method, times, wait)
        self.world.sandbox.fault(kind, times, method=method, delay=60.0, retry_after=wait)

    def resync(self):
        kit, dirty = self.kit(), self.chance(0.3)
        self.log("resync", "of what is dirty" * dirty)
        self.carefully(lambda force: kit.resync(only_dirty=dirty, force=force), ends=True)

    def trap(self):
        """Have the next run die, or be interrupted by the other kit or by time, at a random step."""
        kit, point = self.kit(), self.random.choice([*range(1, 16), *range(1, 40)])
        kind = self.random.choice(["dies", "dies", "dies at once known", "other", "slept"])
        self.log("trap", self.kits.index(kit), kind, point)
        if kind == "dies at once known":
            kit.rename()
        then = {"other": self.other, "slept": self.slept}.get(kind)
        kit.steps.arm(point, then)

    def other(self):
        fresh = self.world.kit()
        self.log("  another process works in between")
        if self.host and self.chance(0.7):
            id_ = self.random.choice(sorted(self.host))
            self.host[id_] = self.edited(self.host[id_])
            changed = [self.host[id_]]
            self.log("  ", *[self.shown(item) for item in changed])
            fresh.record(changed)
        if self.chance(0.3):
            number = self.random.choice(self.NUMBERS)
            self.log("   suppress", number)
            fresh.suppress(number)
        else:
            fresh.resync(force=True)

    def slept(self):
        self.log("  the process is held up, and its lease runs out")
        self.world.advance(seconds=self.random.choice([61, 61, 400]))
        self.other()

    EVENTS = (
        ("edit", 8), ("book", 3), ("vanish", 2), ("suppress", 1), ("reply", 1), ("deliver", 3), ("jump", 3),
        ("reconfigure", 2), ("fault", 6), ("resync", 3), ("trap", 6), ("purge", 1),
    )  # fmt: skip

    def event(self):
        names, weights = zip(*self.EVENTS, strict=True)
        (name,) = self.random.choices(names, weights)
        try:
            getattr(self, name)()
        except Died:
            self.log("  died")
        except ReminderKitError as error:
            self.log("  refused:", type(error).__name__, error)

    # Rest

    def rest(self):
        """Let everything come to rest, and check the laws."""
        self.world.sandbox.faults.clear()
        for kit in self.kits:
            kit.steps.disarm()
        self.log("rest")
        self.world.advance(seconds=self.random.choice([420, 420, 4000]))
        kit = self.world.kit()
        self.world.collect()
        for hook in self.world.webhooks:
            self.world.deliver(kit, hook)
        self.world.webhooks.clear()
        if self.host:
            kit.sync(list(self.host.values()), complete=True, force=True)
        else:
            for record in self.world.records():
                if not record.removed and record.start_at > self.world.now:
                    kit.withdraw(record.identity.id)
        report = kit.resync(force=True)
        if any(
            "40318" in change.error for change in report.failed
        ):  # room that was made meanwhile is found after the pause
            self.world.advance(seconds=301)
            report = kit.resync(force=True)
        if self.world.words_wait():  # nothing else would try them: a person says that the account was mended
            kit.retry()
            report = kit.resync(force=True)
        failed = [change for change in report.failed if not self.world.has_no_room_for(change.error)]
        assert not failed, f"still failing: {failed}"
        before, requests, writes = self.world.dump(), self.world.sandbox.request_count, self.world.sandbox.write_count
        again = kit.resync(force=True)
        assert self.world.sandbox.write_count == writes, "a second run wrote to the provider"
        if not self.world.is_open():  # a cancellation that came too late is asked after until its time
            assert self.world.sandbox.request_count == requests, "a second run asked the provider again"
            assert self.world.dump() == before, "a second run changed the ledger"
        assert not [change for change in again.changes if change.is_work], "a second run has work to do"
        self.LAWS(self.world, kit, self.host).check()
        faults = check(self.world.ledger)
        assert not faults, f"the ledger contradicts itself: {faults}"

    def play(self):
        for index in range(self.steps):
            self.event()
            if index % 8 == 7:
                self.rest()
        self.watch()
        return self

    def watch(self):
        """Let time pass, with a batch job every few minutes: what is due comes when it is due.

        Where nothing can be parked the job runs every minute, as README says.
        """
        kit = self.world.kit()
        promised = self.LAWS(self.world, kit, self.host).promised()
        minutes = 1 if kit.settings.window.holds_and_sends else 4
        for _ in range(self.random.choice([4, 10, 30])):
            self.world.advance(minutes=minutes)
            kit.resync(force=True)
        self.LAWS(self.world, kit, self.host).check(promised)
