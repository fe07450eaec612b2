"""Random histories of a ledger that is lost, and restored from a backup: no text twice, none to whom it must not go.

How to run all, a part, or one of them: as `test_histories.py` says, with this file's name.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.sandbox import Sandbox, SandboxTransport
from tests.factories import ACCOUNT, HOOK, NEW_YORK, SENDER, SERVICE, START
from tests.simulation.replay import blocks, how_many, play_histories, play_history

COUNT = how_many(200)
OVER = START + timedelta(days=99)
ACTS = [*["sync"] * 4, *["resync"] * 3, "record", "withdraw", "stop", "bar", "fault"]
WORDS = (
    "{{ appointment.id }} {{ rule.id }} {{ appointment.starts_at | date('MM-dd') }} {{ appointment.starts_at.hour }}"
)
RULES = (
    Rule("day-before", before="24 hours", text=WORDS),
    Rule("two-hours", before="2 hours", text=WORDS),
)
NUMBERS = [f"+120255501{number:02}" for number in range(1, 8)]
PROVIDERS = {
    "telnyx": lambda sandbox: Telnyx("KEY", SENDER, public_key=sandbox.public_key, webhook_url=HOOK),
    "twilio": lambda sandbox: Twilio(ACCOUNT, "KEY", SERVICE, webhook_url=HOOK),
    "vonage": lambda sandbox: Vonage(SENDER, "k", "KEY", signature_secret=sandbox.secret),
}


class Restored:
    """One story: a clinic at work, a backup, more work, the ledger lost and restored, and all goes on to its end."""

    def __init__(self, seed):
        self.random, self.story, self.seed = Random(seed), [], seed
        self.name = self.random.choice([*PROVIDERS])
        self.sandbox = Sandbox(clock=START, key="KEY", strict=True, provider=self.name, webhook_url=HOOK)
        self.host = {}
        #: Since when a number is barred, when its visit changed last, and whose visits were listed for a person.
        self.barred, self.changed, self.listed = {}, {}, set()
        self.restored_at = self.ended_at = OVER

    def log(self, *words):
        self.story.append(f"{self.sandbox.now():%d %H:%M} {' '.join(map(str, words))}")

    def kit(self, path):
        return ReminderKit(
            PROVIDERS[self.name](self.sandbox),
            RULES,
            f"sqlite:///{path}",
            timezone="America/New_York",
            clock=self.sandbox.clock,
            transport=SandboxTransport(self.sandbox),
            concurrency=1,
            unknown_outcome="prefer_missing",
        )

    def visit(self, number):
        days, hours = self.random.choice([1, 2, 3, 4, 6, 9]), self.random.randrange(9)
        at = (self.sandbox.now() + timedelta(days=days, hours=hours)).astimezone(NEW_YORK)
        self.changed[number] = self.sandbox.now()
        self.host[number] = Appointment(f"A-{number[-2:]}", at.replace(minute=0), recipients=[Recipient(number)])
        return self.host[number]

    def act(self, kit):
        """Have the host, a person or the provider do something."""
        what, number = self.random.choice(ACTS), self.random.choice(NUMBERS)
        self.log(what, number)
        if what == "resync":
            kit.resync(force=True)
        elif what == "withdraw":
            if (gone := self.host.pop(number, None)) is not None:
                kit.withdraw(gone.id)
        elif what == "stop":
            self.sandbox.inbound(number, "STOP")
            self.barred.setdefault(number, self.sandbox.now())
            kit.resync(only_dirty=True, force=True)
        elif what == "bar":
            kit.suppress(number)
            self.barred.setdefault(number, self.sandbox.now())
        elif what == "fault":
            self.sandbox.fault(self.random.choice(["drop_before", "503", "drop_after"]), method="POST")
        else:
            getattr(kit, what)(self.visit(number))
        self.sandbox.clock.advance(minutes=self.random.choice([0, 10, 60, 600]))
        self.note(kit)

    def note(self, kit):
        for item in kit.attention():
            self.listed |= {member.identity.id for member in item.affected if member.identity}

    def play(self):
        shared = Path("/dev/shm")  # what is lost is a ledger, not the machine
        with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
            self.play_in(Path(folder))
        return self

    def play_in(self, folder):
        self.log("provider", self.name)
        with closing(self.kit(folder / "r.db")) as kit:
            self.sandbox.hooks.receiver = kit.receive
            kit.sync([self.visit(number) for number in NUMBERS[:3]])
            for _ in range(self.random.randrange(6)):
                self.act(kit)
            kit.ledger.backup(folder / "backup.db")
            self.log("backed up")
            for _ in range(self.random.randrange(10)):
                self.act(kit)
        self.sandbox.faults.clear()
        self.restored_at = self.sandbox.now()
        with closing(self.kit(folder / "r.db")) as kit:
            self.sandbox.hooks.receiver = kit.receive
            kit.ledger.restore(folder / "backup.db", kit.now(), force=True)
            self.go_on(kit)

    def go_on(self, kit):
        self.log("restored")
        made = len(self.sandbox.messages())
        kit.resync(force=True)
        assert len(self.sandbox.messages()) == made
        for number in self.barred:  # the host knows whom it barred, and who asked for it
            kit.suppress(number)
        kit.ledger.adopt(opt_outs_known=self.name != "telnyx")
        if self.random.random() < 0.7:
            self.log("hands all in")
            kit.resync(list(self.host.values()), complete=True, force=True)
        for _ in range(8):
            self.act(kit)
        self.sandbox.faults.clear()
        self.log("hands all in, in the end")
        self.ended_at = self.sandbox.now() + timedelta(hours=3)
        while any(visit.starts_at > self.sandbox.now() for visit in self.host.values()):
            kit.resync(list(self.host.values()), complete=True, force=True)
            self.note(kit)
            self.sandbox.clock.advance(hours=1)
        self.check()

    def check(self):
        sent = [message for message in self.sandbox.messages() if message.sent_at is not None]
        texts = Counter((message.to, message.text) for message in sent)
        assert not [text for text, count in texts.items() if count > 1], "a text was sent twice"
        strangers = [
            (message.to, message.text)
            for message in sent
            if message.created_at >= self.restored_at and message.created_at > self.barred.get(message.to, OVER)
        ]
        assert not strangers, "somebody was written to who is barred"
        coming = {number: visit for number, visit in self.host.items() if visit.starts_at > self.ended_at}
        for number, visit in coming.items():
            for rule, before in (("day-before", 24), ("two-hours", 2)):
                due_at = visit.starts_at - timedelta(hours=before)
                got = any(to == number and text.startswith(f"{visit.id} {rule}") for to, text in texts)
                owed = number not in self.barred and due_at > self.changed[number] + timedelta(hours=2)
                assert got or not owed or visit.id in self.listed, f"{visit.id} {rule} is lost in silence"


def play(seed):
    return play_history(Restored, seed, "tests/simulation/test_restored_ledgers.py")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_nobody_gets_a_text_twice_and_nothing_is_lost_in_silence(seed):
    """In three random histories each text goes out once, or somebody is told of it, and nobody barred is written to."""
    assert play(seed * 1000 + 7).sandbox.request_count > 0


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seeds", blocks(COUNT, 20))
def test_nobody_gets_a_text_twice_in_many_histories(seeds):
    """In hundreds of histories, or as many as `REMINDER_KIT_HISTORIES` says, likewise."""
    play_histories(seeds, play)
