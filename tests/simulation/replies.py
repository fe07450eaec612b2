"""Random histories of replies: people answer minutes after a text; their words come early, late, twice, in disorder.

Never chooses by anything but the seed; `hearing` says what a practice should have heard.
"""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from reminder_kit import Appointment, Recipient, Rule
from reminder_kit.errors import ReminderKitError
from reminder_kit.ledger.integrity import check
from tests.factories import NEW_YORK
from tests.simulation.hearing import ALL, KEYWORDS, ONE, REPLIES, Hearing
from tests.simulation.histories import History
from tests.simulation.world import Died, parked

WORDS = ["C", "C", "c.", "Yes please", "No", "No", "Thanks!", "STOP", "START"]
EVENING = Rule("evening", days_before=1, at="18:00", text=ONE, together=ALL)
RULES = [
    (Rule("day", before="24 hours", text=ONE), Rule("soon", before="2 hours", text=ONE)),
    (EVENING, Rule("soon", before="2 hours", text=ONE, unless={"replied": ["confirm"]})),
    (EVENING, Rule("soon", before="3 hours", text=ONE, together=ALL, unless={"replied": ["confirm"]})),
]


class ReplyHistory(History):
    """One story: texts go out, people answer, and the kit hears of both whenever it pleases."""

    RULES = RULES
    KINDS = ({}, {}, {}, {"kind": "twilio"})
    NUMBERS = tuple(f"+120255501{n}" for n in (60, 61, 62))
    EVENTS = (
        ("edit", 6), ("answer", 8), ("deliver", 6), ("pass_by", 6), ("until_sent", 8), ("resync", 3), ("fault", 3),
        ("in_doubt", 3), ("trap", 1),
    )  # fmt: skip

    def __init__(self, seed, **options):
        super().__init__(seed, **options)
        self.world.options["replies"] = KEYWORDS
        self.hearing = Hearing(self.world, lambda: self.host, self.log)
        self.kits = [self.listening(), self.listening()]

    def listening(self):
        kit = self.world.kit()
        kit.on("*", self.hearing.told.append)
        return kit

    def kit(self):
        index = self.random.randrange(2)
        if self.kits[index].steps.dead:
            self.log("kit", index, "starts again")
            self.kits[index] = self.listening()
        return self.kits[index]

    # The practice

    def visit(self):
        day = (self.world.now + timedelta(days=self.random.choice([1, 1, 2, 2, 3]))).astimezone(NEW_YORK)
        starts_at = day.replace(hour=self.random.randrange(9, 18), minute=self.random.choice([0, 30]), second=0)
        return self.visit_at(starts_at.replace(microsecond=0))

    def family(self):
        """Return visits of one phone on one day: mostly a single one."""
        first = self.visit()
        more = [
            self.visit_at(first.starts_at + timedelta(hours=hours))
            for hours in self.random.choice([(), (), (1,), (1, 2)])
        ]
        return [first, *(evolve(visit, recipients=first.recipients) for visit in more)]

    def visit_at(self, starts_at):
        self.number += 1
        person = Recipient(self.random.choice(self.NUMBERS), name="Ada")
        return Appointment(
            f"A-{self.number}",
            starts_at,
            starts_at + timedelta(minutes=30),
            recipients=[person],
            title=f"A-{self.number}",
        )

    def edit(self):
        """Book, move, cancel or withdraw something, and tell the kit at once."""
        ids = sorted(self.host)
        if not ids or self.chance(0.5):
            for new in self.family():
                self.change(new.id, new)
            return
        id_ = self.random.choice(ids)
        item, kind = self.host[id_], self.random.choice(["moved", "moved a little", "status", "status", "withdrawn"])
        if kind == "withdrawn":
            self.change(id_, None)
        elif kind == "status":
            self.change(id_, evolve(item, status=self.random.choice(["cancelled", "confirmed", "no_show"])))
        else:
            by = timedelta(minutes=self.random.choice([5, -10] if kind == "moved a little" else [60, -90, 1440]))
            self.change(id_, evolve(item, starts_at=item.starts_at + by, ends_at=item.ends_at + by))

    def change(self, id_, item):
        self.log("withdraw" if item is None else "sync", id_ if item is None else self.shown(item))
        before, self.host = self.host, {**self.host, id_: item}
        if item is None:
            del self.host[id_]
        kit = self.kit()
        try:
            kit.withdraw(id_) if item is None else kit.sync(item)
        except Died:
            if not self.is_recorded(id_, item):
                self.host = before
            raise
        finally:
            self.hearing.hear()

    def is_recorded(self, id_, item):
        found = [record for record in self.world.records() if record.identity.id == id_]
        if item is None:
            return not found or found[0].removed
        return (
            bool(found)
            and not found[0].removed
            and found[0].appointment.starts_at == item.starts_at
            and found[0].appointment.status == item.status
        )

    # People

    def answer(self, number=None):
        """Have somebody answer: mostly one who has just got a text; people don't write twice in a second."""
        self.world.advance(seconds=1)
        got = [message for message in self.world.sandbox.messages() if message.sent_at]
        recent = [message.to for message in got if self.world.now - message.sent_at < timedelta(hours=2)]
        number = number or self.random.choice(recent if recent and self.chance(0.8) else self.NUMBERS)
        text = self.random.choice(WORDS)
        self.log("reply of", number, text)
        self.world.sandbox.inbound(number, text)

    def until_sent(self):
        """Let the next text go out, and a little time pass: people answer within minutes."""
        coming = sorted(message.send_at for message in parked(self.world))
        if not coming:
            self.pass_by()
            return
        by = coming[0] - self.world.now + timedelta(seconds=self.random.choice([0, 1, 40, 120, 600]))
        self.log("until", coming[0], "and a little")
        self.world.advance(seconds=max(0, by.total_seconds()))
        if self.chance(0.5):
            self.answer()

    def in_doubt(self):
        """Book for today while answers are lost: a text goes out of which nobody knows, and she answers it."""
        self.fault("drop_after", "POST", 12)
        hours = timedelta(hours=self.random.choice([2.5, 4, 6]))
        visit = self.visit_at((self.world.now + hours).astimezone(NEW_YORK).replace(microsecond=0))
        self.change(visit.id, visit)
        self.world.advance(seconds=self.random.choice([400, 500, 900]))
        self.answer(visit.recipients[0].phone)
        if self.chance(0.7):
            self.deliver()

    def pass_by(self):
        by = self.random.choice([1, 20, 120, 1800, 7200, 20_000])
        self.log("time passes", by)
        self.world.advance(seconds=by)

    def fault(self, kind=None, method=None, times=None):
        kind = kind or self.random.choice(["drop_after", "drop_after", "500_after", "drop_before", "503"])
        method = method or self.random.choice(["POST", "POST", "DELETE"])
        times = times or self.random.choice([1, 2, 12])
        self.log("fault", kind, method, times)
        self.world.sandbox.fault(kind, times, method=method, delay=60.0)

    def other(self):
        self.log("  another process works in between")
        self.listening().resync(force=True)

    def resync(self):
        kit, dirty = self.kit(), self.chance(0.5)
        self.log("resync", "of what is dirty" * dirty)
        kit.resync(only_dirty=dirty, force=True)

    def deliver(self):
        """Deliver some webhooks, in any order, some of them twice."""
        self.world.collect()
        self.random.shuffle(self.world.webhooks)
        for _ in range(self.random.randrange(1 + min(6, len(self.world.webhooks)))):
            self.hand_over(self.world.webhooks.pop())

    def hand_over(self, hook):
        if self.chance(0.2):
            self.world.webhooks.insert(0, hook)
        kit = self.kit()
        headers, body = hook.as_sent(self.world.now)
        (event,) = kit.provider.events(headers, body, self.world.now)
        self.log("webhook", event.type, event.text or "", event.code, event.provider_id or "")
        if event.type in REPLIES:
            self.hearing.note(event)
        try:
            kit.receive(headers, body)
        except Died:
            self.world.webhooks.insert(0, hook)  # nobody answered: the provider tries again
            self.hearing.forget_unless_stored(event)
            raise
        self.hearing.hear()
        if event.type in REPLIES:
            self.hearing.check_bar(event.number)

    # Deaths

    def event(self):
        names, weights = zip(*self.EVENTS, strict=True)
        (name,) = self.random.choices(names, weights)
        try:
            getattr(self, name)()
        except Died:
            self.log("  died")
            self.hearing.hear()
            self.hearing.lose()
        except ReminderKitError as error:
            self.log("  refused:", type(error).__name__, error)
        self.hearing.hear()

    # The end

    def rest(self):
        """Let everything come to rest: all webhooks come, what was in doubt is settled, and STOP bars."""
        self.world.sandbox.faults.clear()
        for kit in self.kits:
            kit.steps.disarm()
        self.log("rest")
        for _ in range(2):
            self.world.advance(seconds=960)
            self.kit().resync(force=True)
            self.hearing.hear()
            self.world.collect()
            while self.world.webhooks:
                self.hand_over(self.world.webhooks.pop())
        self.kit().resync(force=True)
        self.hearing.hear()
        faults = check(self.world.ledger)
        assert not faults, f"the ledger contradicts itself: {faults}"
        self.hearing.check()

    def play(self):
        for index in range(self.steps):
            self.event()
            if index % 16 == 15:
                self.rest()
        self.rest()
        return self
