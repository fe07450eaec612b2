"""Random histories of consent: STOP, START and what is unclear, out of order, late and twice; hosts that bar and lift.

Never chooses by anything but the seed, and never asks `model.consent`: the oracle lives through what is known by then,
event by event in the order in which it happened, and knows whom each host may write to.

Three hosts share a ledger: two of them, of different namespaces, write from one number, the third from its own. The
provider knows of no opt-out at all, so that nothing but the kits keeps a text from a person.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random

from attrs import define, evolve, field

from reminder_kit import Appointment, Recipient, Rule
from reminder_kit.errors import InvalidInputError, ReminderKitError
from reminder_kit.model.lifecycle import OPEN
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity, ReminderStatus
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.rules.placement import PlacementDecision, place
from reminder_kit.rules.reminders import reminders_of
from tests.factories import HOOK, NEW_YORK
from tests.simulation.world import Died, World, parked

NUMBERS = [f"+120255501{n:02}" for n in range(60, 64)]
SENDERS = {"clinic": "+12025550100", "annex": "+12025550100", "shop": "+12025550101"}
HEARS = {"+12025550100": "clinic", "+12025550101": "shop"}
"""Which host the webhooks about a sender go to."""

WORDS = {
    "stop": ["STOP", "Stop!", "no more texts please", "wrong number stop", "Arrêt svp"],
    "start": ["START", "unstop", "Start please"],
    "unclear": ["stop the morning ones only", "STOP 12345", "wrong number"],
    "nothing": ["OK", "don't stop", "I'll stop by at 3", "thank you"],
}
DAY = Rule("day-before", before="24 hours", text="{{ appointment.title or 'Visit' }} {{ when }}")
RULES = [
    (DAY,),
    (DAY, Rule("hours-before", before="2 hours", text="Soon: {{ when }}")),
    (Rule("day-before", before="1 day", text="{{ when }}", if_late="skip"),),
]
FAULTS = ["drop_before", "drop_after", "500", "503", "429"]


@define
class Said:
    """What a person wrote to a sender, and which host has heard of it by now."""

    number: str
    sender: str
    meaning: str
    at: object
    hook: object
    known: bool = False


@define
class Host:
    """One namespace: its appointments, whom it bars, up to when it lifted STOPs, and has seen what was unclear."""

    name: str
    visits: dict = field(factory=dict)
    barred: set = field(factory=set)
    lifted: dict = field(factory=dict)
    seen: dict = field(factory=dict)


class ConsentHistory:
    """One story: `play` tells it. `ledger` is an empty one (default: in memory)."""

    EVENTS = (
        ("write", 9), ("deliver", 7), ("book", 6), ("run", 7), ("bar", 2), ("allow", 3), ("look", 2), ("jump", 4),
        ("fault", 2), ("trap", 3),
    )  # fmt: skip

    def __init__(self, seed, *, ledger=None, steps=40):
        self.random = Random(seed)
        self.steps = steps
        self.holds = self.random.random() < 0.4
        self.world = World(self.random.choice(RULES), ledger=ledger)
        self.hosts = {name: Host(name) for name in SENDERS}
        self.kits = {name: self.open(name) for name in SENDERS}
        self.said, self.visits = [], 0
        self.story = [f"{[rule.id for rule in self.world.rules]}, unclear is {'held' if self.holds else 'told'}"]
        self.refused = self.withheld = self.sent = 0

    def open(self, name):
        provider = Telnyx("KEY", SENDERS[name], public_key=self.world.sandbox.public_key, webhook_url=HOOK)
        return self.world.kit(provider=provider, namespace=name, unclear="hold" if self.holds else "tell")

    def log(self, *words):
        self.story.append(f"{self.world.now:%m-%d %H:%M:%S.%f} " + " ".join(map(str, words)))

    def chance(self, share):
        return self.random.random() < share

    # What is known

    def is_barred(self, host, number):
        """Say whether a host must not write to a number, by what is known of it now."""
        return number in host.barred or self.stopped(host, number)

    def stopped(self, host, number):
        """Say whether the last that the person is known to have said to the host's sender was a STOP."""
        stands = None
        for said in self.told(number, SENDERS[host.name]):
            if said.meaning == "stop":
                stands = said.at
            elif said.meaning == "start":
                stands = None
        lifted = host.lifted.get(number)
        return stands is not None and (lifted is None or stands > lifted)

    def is_held(self, host, number):
        """Say whether a host waits until somebody has seen what a number left unclear."""
        if not self.holds or HEARS[SENDERS[host.name]] != host.name:
            return False
        open_at = None
        for said in self.told(number, SENDERS[host.name]):
            open_at = {"unclear": said.at, "start": None}.get(said.meaning, open_at)
        seen = max([at for at in (host.seen.get(number), host.lifted.get(number)) if at], default=None)
        return open_at is not None and (seen is None or open_at > seen) and not self.stopped(host, number)

    def told(self, number, sender):
        """Return what is known to have been said by a number to a sender, in the order in which it happened."""
        return sorted((said for said in self.said if said.known and (said.number, said.sender) == (number, sender)),
                      key=lambda said: said.at)  # fmt: skip

    def may_write(self, host, number):
        return not self.is_barred(host, number) and not self.is_held(host, number)

    # Events

    def kit(self, name):
        if self.kits[name].steps.dead:
            self.log(name, "starts again")
            self.kits[name] = self.open(name)
        return self.kits[name]

    def write(self):
        """A person writes to one of the senders; the webhook is on its way."""
        number, sender = self.random.choice(NUMBERS), self.random.choice(list(HEARS))
        meaning = self.random.choice(["stop", "stop", "start", "start", "unclear", "nothing"])
        text = self.random.choice(WORDS[meaning])
        hook = self.world.sandbox.inbound(number, text, to=sender)
        hook.payload["messaging_profile_id"] = f"profile of {sender}"
        self.world.sandbox.opted_out.clear()
        self.said.append(Said(number, sender, meaning, hook.occurred_at, hook))
        self.log(number, "writes", repr(text), "to", sender)
        if self.chance(0.3):
            self.hear(self.said[-1])

    def deliver(self):
        """Some webhooks arrive, in any order, some of them once more."""
        waiting = [said for said in self.said if not said.known]
        for said in self.random.sample(waiting, min(len(waiting), self.random.randrange(4))):
            self.hear(said)
        if self.said and self.chance(0.2):
            self.hear(self.random.choice(self.said))

    def hear(self, said):
        name = HEARS[said.sender]
        self.log(name, "hears", said.meaning, "of", said.number, f"at {said.at:%H:%M:%S.%f}")
        self.surely(name, lambda kit: self.world.deliver(kit, said.hook))
        said.known = True

    def surely(self, name, act):
        """Have a host do something, once more where its process died: a webhook is repeated, and so is a click."""
        try:
            act(self.kit(name))
        except Died:
            self.log("  died")
            act(self.kit(name))

    def book(self):
        host = self.hosts[self.random.choice(list(self.hosts))]
        coming = [visit for visit in host.visits.values() if visit.start_at > self.world.now]
        if coming and self.chance(0.3):
            visit = self.random.choice(coming)
            visit = evolve(visit, starts_at=visit.starts_at + timedelta(hours=self.random.choice([-3, 5, 30])))
        else:
            self.visits += 1
            ahead = timedelta(hours=self.random.choice([3, 20, 30, 60, 100, 200]), minutes=self.random.randrange(600))
            person = Recipient(self.random.choice(NUMBERS), id="P", name="Ada")
            visit = Appointment(f"A-{self.visits}", (self.world.now + ahead).astimezone(NEW_YORK), recipients=[person])
        host.visits[visit.id] = visit
        self.log(host.name, "books", visit.id, f"{visit.start_at:%m-%d %H:%M}", visit.recipients[0].phone)
        kit = self.kit(host.name)
        if self.chance(0.5):
            kit.record(visit)
        else:
            self.watched(host.name, lambda: kit.sync(visit))

    def bar(self):
        host, number = self.hosts[self.random.choice(list(self.hosts))], self.random.choice(NUMBERS)
        self.log(host.name, "bars", number)
        host.barred.add(number)
        self.surely(host.name, lambda kit: kit.suppress(number, "asked at the desk"))

    def allow(self):
        """A host lifts what it barred; a STOP only on the person's word, and nothing that it does not know of."""
        host, number = self.hosts[self.random.choice(list(self.hosts))], self.random.choice(NUMBERS)
        consent = self.random.choice(["", "", "signed form"])
        stopped = self.stopped(host, number)
        self.log(host.name, "allows", number, repr(consent), "against a STOP" * stopped)
        kit = self.kit(host.name)
        kit.steps.disarm()  # whether it came to pass is not asked of who died over it
        try:
            kit.allow(number, consent=consent)
        except InvalidInputError:
            assert stopped, "refused although there was no STOP"
            assert not consent, "refused although the person said so"
            self.refused += 1
            return
        assert consent or not stopped, "a STOP was lifted on nobody's word"
        host.barred.discard(number)
        known = [said.at for said in self.told(number, SENDERS[host.name]) if said.meaning != "nothing"]
        if known:
            host.seen[number] = known[-1]
            if consent and stopped:
                host.lifted[number] = max(at.at for at in self.told(number, SENDERS[host.name]) if at.meaning == "stop")

    def look(self):
        """Somebody looks at what is unclear, and marks it as seen."""
        name = self.random.choice(list(HEARS.values()))
        self.kit(name).steps.disarm()
        for item in self.kit(name).attention():
            if item.kind == "unclear_reply":
                number = item.affected[0].to
                self.log(name, "has seen what", number, "wrote")
                self.kit(name).attention(seen=item.id)
                told = [said.at for said in self.told(number, SENDERS[name]) if said.meaning == "unclear"]
                self.hosts[name].seen[number] = told[-1]

    def jump(self):
        by = timedelta(seconds=self.random.choice([1, 40, 301, 1800, 4000, 20_000, 86_400]))
        self.log("time passes", by)
        self.world.advance(seconds=by.total_seconds())

    def fault(self):
        kind = self.random.choice(FAULTS)
        self.log("fault", kind)
        self.world.sandbox.fault(kind, self.random.choice([1, 1, 2, 4]), method=self.random.choice([None, "POST"]))

    def trap(self):
        """Have a run die at a step, or have something become known, or be said by a host, at that moment."""
        name, point = self.random.choice(list(self.hosts)), self.random.randrange(1, 20)
        then = self.random.choice([None, self.deliver, self.write, self.bar])
        self.log(name, "is to", "die" if then is None else then.__name__, "at step", point)
        self.kit(name).steps.arm(point, then)

    def run(self):
        name = self.random.choice(list(self.hosts))
        self.log(name, "resyncs")
        kit = self.kit(name)
        self.watched(name, lambda: kit.resync(force=True, only_dirty=self.chance(0.3)))

    def watched(self, name, run):
        """Do something that may park messages: whoever was barred as it began is not written to."""
        host, before = self.hosts[name], set(self.world.sandbox.by_id)
        off = {number for number in NUMBERS if not self.may_write(host, number)}
        report = run()
        made = [message for id_, message in self.world.sandbox.by_id.items() if id_ not in before]
        wrong = [message for message in made if message.to in off and not self.may_write(host, message.to)]
        assert not wrong, f"{name} parked for a number it must not write to: {wrong}"
        self.withheld += sum(change.reason in (Reason.OPTED_OUT, Reason.SUPPRESSED) for change in report.changes)

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
        """Let all become known and all be done: who may be written to has the reminders, and nobody else."""
        self.world.sandbox.faults.clear()
        for kit in self.kits.values():
            kit.steps.disarm()
        self.log("rest")
        for said in [said for said in self.said if not said.known]:
            self.hear(said)
        self.world.advance(seconds=420)
        for name, host in self.hosts.items():
            self.kit(name).record(list(host.visits.values()))
            for _ in range(2):
                self.kit(name).resync(force=True)
        for host in self.hosts.values():
            self.check(host)

    def check(self, host):
        kit = self.kit(host.name)
        live = {message.id: message for message in parked(self.world)}
        records = kit.ledger.read(lambda reader: {record.identity: record for record in reader.records()})
        for visit in host.visits.values():
            record = records[Identity.of(visit)]
            for reminder in reminders_of(visit, kit.settings.rules, kit.settings.defaults):
                own = [message for message in record.messages if message.key == reminder.key]
                at_provider = [live[message.provider_id] for message in own if message.provider_id in live]
                outcome = next(outcome for outcome in record.outcomes if outcome.key == reminder.key)
                self.check_reminder(host, kit, reminder, own, at_provider, outcome)

    def check_reminder(self, host, kit, reminder, own, at_provider, outcome):
        number, window = reminder.recipient.phone, kit.settings.window
        shown = f"{host.name} {reminder.appointment.id} {reminder.rule.id} {number}: {outcome}, {at_provider}"
        placed = place(reminder, now=self.world.now, window=window, quiet=None)
        if not self.may_write(host, number):
            cutoff = self.world.now + window.cancel_cutoff + window.margin
            left = [message for message in at_provider if message.send_at > cutoff]
            assert not left, f"parked for somebody who must not be written to: {shown}"
            if placed.decision is PlacementDecision.SEND and not any(message.state in OPEN for message in own):
                expected = (
                    {Reason.OPTED_OUT, Reason.SUPPRESSED} if self.is_barred(host, number) else {Reason.UNCLEAR_REPLY}
                )
                expected |= {Reason.ALREADY_SENT, Reason.SUPERSEDED, Reason.TOO_LATE}
                assert outcome.reason in expected, shown
            return
        assert outcome.reason not in (Reason.OPTED_OUT, Reason.SUPPRESSED), f"still barred: {shown}"
        if placed.reason is Reason.ON_TIME and outcome.reason != Reason.ALREADY_SENT:
            assert len(at_provider) == 1, f"may be written to, and is not: {shown}"
            assert at_provider[0].send_at == reminder.due_at, shown
            self.sent += 1
        elif placed.decision is PlacementDecision.HOLD:
            assert outcome.status is ReminderStatus.HELD or at_provider, f"not held: {shown}"

    def play(self):
        for index in range(self.steps):
            self.event()
            if index % 10 == 9:
                self.rest()
        return self
