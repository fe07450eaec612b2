"""Random histories with all that a practice may write into its settings: limits, notices, senders, fallbacks, words.

Never chooses by anything but the seed. The oracle is small, as no rule here is without its exceptions: nobody has a
reminder twice, nothing is booked that the ledger does not know, and the ledger does not contradict itself. What else
comes of it is kept line by line (`test_told_in_full`).
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from attrs import evolve

from reminder_kit import Appointment, ReminderKit, Rule
from reminder_kit.ledger.integrity import check
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.sandbox.signer import Signer
from reminder_kit.sandbox.state import SECRET
from tests.factories import HOOK, NEW_YORK
from tests.simulation.histories import FAULTS, GUARDED, History
from tests.simulation.joint import JointLaws

HERE = [f"+120255501{n:02}" for n in range(80, 84)]
ABROAD = [f"+4477009001{n:02}" for n in range(80, 82)]
SECOND, LONDON = "+12025550101", "+447700900199"
ALL = "{% for visit in appointments %}{{ visit.starts_at | time }} {{ visit.title }}; {% endfor %}"
ONE = "{{ appointment.title }} {{ when }}"
EVENING = Rule("evening", days_before=1, at="18:00", text=ONE, together="{{ day }}: " + ALL)
DAY = Rule("day", before="24 hours", text=ONE, late_text="Soon after all: {{ when }}", spread="40 minutes")
HOURS = Rule("hours", before="3 hours", text="Soon: {{ when }}", together="Soon: " + ALL, min_notice="20 minutes")
BOOKED = Rule("booked", after_booking="10 minutes", text="You are booked for {{ when }}.")
CHANGED = Rule("changed", after_change="0 minutes", text="Your appointment is now {{ when }}.")
PICTURE = Rule(
    "picture", before="2 days", text=ONE, channel="mms", media_urls=["https://clinic.example/map.png"], subject="Map"
)
RULES = [
    (EVENING, HOURS, BOOKED),
    (DAY, HOURS, CHANGED),
    (EVENING, Rule("offer", days_before=1, at="17:30", text="{{ appointment.location }}", empty="blank"), DAY),
    (PICTURE, HOURS, Rule("thanks", after="1 hour", text="Thanks!", together="Thanks for both!")),
    (Rule("quiet", before="20 hours", text=ONE, min_silence="6 hours"), EVENING, BOOKED, CHANGED),
    (Rule("business", business_days_before=1, at="16:00", text=ONE, if_late="next rule"), HOURS),
    (Rule("week", before="7 days", text="{{ when }}", if_far="clamp", if_late={"skip_after": "2 days"}), DAY, BOOKED),
    (
        Rule("told", before="1 day", text=ONE, unless={"status": ["tentative"]}, max_booking_lead="4 days"),
        Rule("long", before="2 days", text="{{ recipient.name }}: {{ when }}", min_booking_lead="4 days"),
        Rule("on", on="2026-02-14T17:00:00Z", text="We close early. See you {{ when }}", only={"title": ["Check*"]}),
    ),
]

WEBHOOKS = {"webhook_url": HOOK, "public_key": Signer().public_key}
FALLBACKS = [
    Telnyx("KEY", SECOND, **WEBHOOKS),
    Telnyx("KEY", SECOND, endpoint="schedule", **WEBHOOKS),
    Twilio("AC" + "1" * 32, SECRET, "MG" + "3" * 32, webhook_url=HOOK),
    Vonage("+12025550102", "k", SECRET, signature_secret=SECRET, webhook_url=HOOK),
]
SETTINGS = {
    "max_per_day": [None, None, 1, 2],
    "min_gap": ["0 minutes", "0 minutes", "20 minutes", "2 hours"],
    "correction": ["", "Moved to {{ when }}", {"text": "Now {{ when }}", "after": "30 minutes"}],
    "cancellation": ["", "Cancelled: {{ when }}", {"text": "Off: {{ when }}", "after": "20 minutes"}],
    "unknown_outcome": ["prefer_duplicate", "prefer_duplicate", "prefer_missing"],
    "fallback": [None, None, *FALLBACKS],
    "must_say": [(), (), "{{ data.clinic }}"],
    "holidays": [(), "US"],
    "closed_days": [(), ["2026-02-12", "2026-02-16"]],
    "rearm_after": ["15 minutes", "15 minutes", "2 hours"],
    "unclear": ["tell", "hold"],
    "replies": [None, {"confirm": ["C"], "cancel": ["N"]}],
    "transliterate": [False, True],
    "suppress_undeliverable": [True, True, False],
    "only_to": [None, None, None, [*HERE[:3], *ABROAD]],
}
KINDS = [{}, {}, {}, {"endpoint": "schedule"}, {"idempotency": False}, {"cap": 6, "small": True}, {"kind": "twilio"}]
KINDS += [{"kind": "vonage"}, {"options": GUARDED}]
ACCOUNT = {"telnyx": (403, "40309"), "twilio": (403, "21408"), "vonage": (403, "1120")}
"""A refusal that a person mends, by provider: the country is not enabled."""


class VariedLaws(JointLaws):
    """What holds whatever the settings are."""

    def check(self, promised=()):
        """Check what holds; nothing is promised."""
        assert not self.world.wrongs, self.world.wrongs
        assert not self.strays, f"the ledger knows nothing of {self.strays}"
        self.note_who_tells()
        self.check_included_once()
        self.check_received_once()

    def has_come(self, message):
        """Say whether a message counts as received: what failed may come again, from somebody else."""
        return bool(message.sent_at) and message.status != "delivery_failed"


class VariedHistory(History):
    """One story: rules, settings and a provider drawn from all there are; `play` tells it."""

    LAWS = VariedLaws
    RULES = RULES
    KINDS = KINDS
    NUMBERS = (*HERE, *ABROAD)
    EVENTS = (
        *History.EVENTS, ("fade", 3), ("account", 3), ("plan", 3), ("share", 3), ("seen", 2), ("again", 2),
        ("call_off", 1), ("answer", 2), ("jump", 3), ("resync", 4), ("settle", 2), ("edit", 4),
    )  # fmt: skip

    def __init__(self, seed, *, steps=32, **options):
        super().__init__(seed, steps=steps, **options)
        self.world.zones = dict.fromkeys(ABROAD, ZoneInfo("Europe/London"))
        self.world.options |= {name: self.random.choice(values) for name, values in SETTINGS.items()}
        if self.world.kind == "telnyx" and self.chance(0.4):
            sender = Telnyx("KEY", LONDON, **WEBHOOKS, **self.world.provider_options)
            self.world.options["senders"] = ({"provider": sender, self.random.choice(["country", "rule"]): "GB"},)
            if "rule" in self.world.options["senders"][0]:
                self.world.options["senders"] = ({"provider": sender, "rule": self.world.rules[0].id},)
        self.log({name: value for name, value in self.world.options.items() if value})
        self.kits = [self.world.kit(), self.world.kit()]
        self.plans = []

    # The host

    def visit(self):
        self.number += 1
        ahead = timedelta(hours=self.random.choice([2, 5, 20, 26, 26, 50, 50, 74, 150, 200]))
        day = (self.world.now + ahead).astimezone(NEW_YORK)
        hour, minute = self.random.randrange(7, 20), self.random.choice([0, 0, 30])
        starts_at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK)
        if starts_at <= self.world.now:
            starts_at += timedelta(days=1)
        booked_at = self.world.now - timedelta(minutes=self.random.choice([0, 5, 90, 10_000]))
        return Appointment(
            f"A-{self.number}",
            starts_at,
            starts_at + timedelta(minutes=30),
            recipients=[self.person(index) for index in range(self.random.choice([1, 1, 1, 2, 3]))],
            title=self.random.choice(["Check-up", "Cleaning", "Zoë’s class"]),
            location=self.random.choice(["", "12 Main Street"]),
            booked_at=self.random.choice([None, booked_at]),
            status=self.random.choice(["confirmed", "confirmed", "confirmed", "tentative"]),
            data={"clinic": self.random.choice(["Riverside", "Riverside", ""])},
        )

    def person(self, index):
        return self.at_home(super().person(index))

    def reassigned(self, appointment):
        return [self.at_home(recipient) for recipient in super().reassigned(appointment)]

    @staticmethod
    def at_home(person):
        """Return a person with the clock of the country of their number."""
        return evolve(person, timezone="Europe/London" if person.phone in ABROAD else None)

    def moved(self, appointment):
        by = timedelta(minutes=self.random.choice([-1440, -120, -60, -5, 5, 30, 60, 120, 1440, 2880]))
        starts_at = appointment.starts_at + by
        return evolve(appointment, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=30))

    # Events

    def fade(self):
        """Have messages to a number fail from now on, or arrive again."""
        number, code = self.random.choice(self.NUMBERS), self.random.choice(["", "40008", "40005", "40001"])
        self.log("messages to", number, "fail" if code else "arrive", code)
        self.world.sandbox.outcome(number, "delivery_failed" if code else "delivered", code)

    def account(self):
        """Have the account refuse what it is asked, until the next rest."""
        status, code = ACCOUNT[self.world.kind]
        abroad = {"telnyx": '"+4477', "twilio": "%2B4477", "vonage": '"4477'}[self.world.kind]
        containing = self.random.choice([None, abroad, abroad])
        self.log("the account refuses", code, containing or "everybody")
        fault = {"method": "POST", "status": status, "code": code}
        self.world.sandbox.fault("error", None, **fault, **({"containing": containing} if containing else {}))

    def plan(self):
        """Make a plan of all there is, and apply it some time."""
        if self.plans and self.chance(0.6):
            plan = self.plans.pop(0)
            self.log("apply a plan")
            self.kit().apply(plan, force=True)
        elif self.host:
            self.change_something()
            self.log("plan of", len(self.host))
            self.plans.append(self.kit().plan(list(self.host.values()), "default", complete=True))

    def share(self):
        """Run the batch job for some shards only."""
        shard = range(128) if self.chance(0.5) else range(128, 256)
        self.log("resync of", shard)
        self.kit().resync(shard=shard, force=True)

    def seen(self):
        """Look at what waits, and say of one of it that it was seen."""
        kit = self.kit()
        waiting = kit.attention()
        if waiting and self.chance(0.6):
            item = self.random.choice(waiting)
            self.log("seen", item.kind, item.what)
            kit.attention(seen=item.id)

    def again(self):
        """Have what waits tried now, all of it or of one appointment."""
        id_ = self.random.choice([None, *sorted(self.host)])
        self.log("retry", id_)
        self.kit().retry(id_)

    def call_off(self):
        """Withdraw an appointment so that its people are told, or bar it until its source changes."""
        if not self.host:
            return
        id_ = self.random.choice(sorted(self.host))
        keep = self.chance(0.3)
        if not keep:
            del self.host[id_]
        self.log("withdraw", id_, "kept out" if keep else "its people are told")
        self.kit().withdraw(id_, keep=keep, notify=self.chance(0.7), force=True)

    def answer(self):
        """Have somebody write back: a word that the practice knows, or one that is unclear."""
        number, word = self.random.choice(self.NUMBERS), self.random.choice(["C", "N", "stop the early ones only"])
        self.log("reply", number, word)
        self.world.sandbox.inbound(number, word)

    def settle(self):
        """Change one setting, or the words of a rule."""
        if self.chance(0.6):
            name = self.random.choice(["max_per_day", "min_gap", "correction", "cancellation", "must_say", "only_to"])
            self.world.options[name] = self.random.choice(SETTINGS[name])
            self.log("configured", name, self.world.options[name])
        else:
            rules = list(self.world.rules)
            index = self.random.randrange(len(rules))
            rules[index] = rules[index].derived(rules[index].id, text=self.random.choice([ONE, "See you {{ when }}"]))
            self.world.rules = tuple(rules)
            self.log("new words of", rules[index].id)
        self.kits = [self.world.kit(), self.world.kit()]

    def fault(self):
        kind, method = self.random.choice(FAULTS), self.random.choice([None, "POST", "DELETE", "GET"])
        self.log("fault", kind, method)
        self.world.sandbox.fault(kind, self.random.choice([1, 2, 4]), method=method, delay=60.0)

    # Rest

    def rest(self):
        """Let everything come to rest, and check what holds."""
        self.world.sandbox.faults.clear()
        for kit in self.kits:
            kit.steps.disarm()
        self.log("rest")
        self.world.advance(minutes=self.random.choice([7, 61]))
        kit = self.world.kit()
        self.world.collect()
        for hook in self.world.webhooks:
            self.world.deliver(kit, hook)
        self.world.webhooks.clear()
        kit.sync(list(self.host.values()), "default", complete=bool(self.host), force=True)
        for _ in range(3):
            kit.resync(force=True)
        self.LAWS(self.world, kit, self.host).check()
        faults = check(self.world.ledger)
        assert not faults, f"the ledger contradicts itself: {faults}"

    def watch(self):
        """Let some days pass, with a batch job every so often."""
        kit = self.world.kit()
        for _ in range(30):
            self.world.advance(minutes=self.random.choice([5, 40, 240]))
            self.world.collect()
            while self.world.webhooks:
                self.world.deliver(kit, self.world.webhooks.pop(0))
            kit.resync(force=True)
        self.LAWS(self.world, kit, self.host).check()


CALM = {"edit", "vanish", "jump", "reconfigure", "resync", "settle", "call_off", "suppress", "purge", "share", "book"}


class CalmHistory(VariedHistory):
    """A history in which nothing breaks, and nobody else works: whatever becomes of a message a report tells."""

    EVENTS = tuple(event for event in VariedHistory.EVENTS if event[0] in CALM)


class LimitedHistory(CalmHistory):
    """A calm history in which no number gets more than one message, or two, in a day of its own clock.

    Without what goes out whatever a day has room for (notices), and without what changes the settings meanwhile.
    """

    EVENTS = tuple(event for event in CalmHistory.EVENTS if event[0] not in {"settle", "reconfigure"})

    def __init__(self, seed, **options):
        super().__init__(seed, **options)
        self.most = 1 + seed % 2
        plain = {"correction": "", "cancellation": "", "fallback": None, "senders": ()}
        self.world.options |= {"max_per_day": self.most, **plain}
        self.kits = [self.world.kit(), self.world.kit()]
        self.withheld = 0

    def rest(self):
        super().rest()
        self.count()

    def watch(self):
        super().watch()
        self.count()

    def count(self):
        """No day has more than it may; how many reminders were left unsent for that."""
        days = Counter()
        for message in self.world.sandbox.messages():
            if message.status not in {"cancelled", "failed"}:
                there = self.world.zones.get(message.to, NEW_YORK)
                days[message.to, message.send_at.astimezone(there).date()] += 1
        assert max(days.values(), default=0) <= self.most, days
        reasons = [outcome.reason for record in self.world.records() for outcome in record.outcomes]
        self.withheld += reasons.count("day_limit")


class Reports:
    """What runs report, against what the provider holds before and after."""

    def __init__(self, monkeypatch):
        self.taken_back = self.parked = 0
        self._is_within = False
        for verb in ("sync", "resync", "withdraw", "suppress"):
            monkeypatch.setattr(ReminderKit, verb, self._held_to(verb, getattr(ReminderKit, verb)))

    def _held_to(self, verb, plain):
        def run(kit, *given, **named):
            if self._is_within:
                return plain(kit, *given, **named)
            world, self._is_within = kit.world, True
            before = {message.id: message.status for message in world.sandbox.messages()}
            try:
                report = plain(kit, *given, **named)
            finally:
                self._is_within = False
            if report is not None:
                self._check(world, before, report)
            return report

        return run

    def _check(self, world, before, report):
        """Each message that is parked, or taken back, has a line of its reminder by which something was done."""
        done = {change.key for change in report.changes if change.outcome is not None}
        rows = world.messages()
        for message in world.sandbox.messages():
            is_new, was = message.id not in before, before.get(message.id)
            is_gone = was == "scheduled" and message.status == "cancelled"
            if is_new or is_gone:
                key = rows[world.made[message.id]]["key"]
                assert key in done, f"{'parked' if is_new else 'taken back'}, and not told: {message}"
                self.parked += is_new
                self.taken_back += is_gone
