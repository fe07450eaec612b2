"""A message that a lost ledger may have made: found on the provider's list, certainly absent, or in doubt."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.delivery.gaps import Gaps
from reminder_kit.errors import TransientError
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Draft
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderStatus
from reminder_kit.model.restorations import IN_GAP
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decision import Decision, Doubt
from reminder_kit.planning.message_times import CLEARED
from reminder_kit.ports import Listed
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.transport.blocking import run_blocking
from tests.delivery.desk import Desk
from tests.factories import ACCOUNT, DAY, NUMBER, SENDER, SERVICE, START, visit

SENT_AT = visit("A-1", day=3).start_at - timedelta(hours=24)
FORGOTTEN = visit("A-1", day=3).start_at + timedelta(hours=24)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
WORDS = "Check-up tomorrow at 9:00 AM"
SILENT = f"{IN_GAP}a message of it may have been made, which the provider can't tell"
STRANGE = f"{IN_GAP}the provider has {{}} to that number of which the ledger knows nothing: look there"
PROVIDERS = {
    "telnyx": lambda: Telnyx("KEY", SENDER),
    "twilio": lambda: Twilio(ACCOUNT, "KEY", SERVICE),
    "vonage": lambda: Vonage(SENDER, "k", "KEY"),
}


class Lost(Desk):
    """A desk that looks for a message on the list of its provider."""

    def gaps(self):
        made = self.dispatchers().first
        return Gaps(made.route, made.exchange, made.journal, self.kit.now, lambda: "lost")

    def ask(self, **changes):
        """Ask for the message that may exist of A-1's reminder; returns how that ended, and what is known of it."""
        (reminder,) = reminders_of(visit("A-1", day=3), [DAY], self.kit.settings.defaults)
        draft = Draft(NUMBER, WORDS, SENT_AT)
        doubt = Doubt(
            START - timedelta(hours=3), evolve(draft, text="Other words", send_at=SENT_AT - timedelta(hours=2))
        )
        decision = Decision(
            self.record.identity, "key", "day-before", "p", NUMBER, SENT_AT, ChangeKind.SCHEDULE, Reason.ON_TIME,
            ReminderStatus.PARKED, reminder=reminder, draft=draft, doubt=evolve(doubt, **changes),
        )  # fmt: skip
        result = run_blocking(self.gaps().ask(self.claimed().claim, decision))
        found = self.kit.ledger.read(lambda reader: reader.find_message(provider=self.kit.provider.name, token="lost"))
        self.made, self.result = found and found.message, result
        return result.status.value

    def look_again(self):
        result = run_blocking(self.gaps().look_again(self.claimed()))
        self.told(result)
        return result.status.value, self.after.state.value


@pytest.fixture
def lost(make_kit, sandbox, monkeypatch):
    """Return a function that makes a desk whose provider lists these messages to the number."""

    def made(*rows, name="telnyx", at=START, skew=timedelta(0)):
        provider = PROVIDERS[name]()
        clock = (lambda: sandbox.clock() - skew) if skew else sandbox.clock
        here = Lost(make_kit([DAY], provider=provider, concurrency=1, clock=clock), sandbox)
        asked = here.searches = []

        def parsed(_self, response, number, since):
            if response.status >= 500:
                raise TransientError(f"answered with {response.status}")
            asked.append((number, since))
            return tuple(rows)

        monkeypatch.setattr(type(provider), "parse_messages", parsed)
        sandbox.clock.set(at)
        return here

    return made


PARKED = Listed("P-9", "scheduled", text=WORDS)


@pytest.mark.parametrize(
    ("row", "state", "send_at"),
    [
        (PARKED, "scheduled", SENT_AT - timedelta(hours=2)),
        (Listed("P-9", "scheduled", text=" Other words\n"), "scheduled", SENT_AT - timedelta(hours=2)),
        (Listed("P-9", "delivered", text=WORDS, sent_at=SENT_AT + SECOND), "delivered", SENT_AT + SECOND),
        (Listed("P-9", "queued", sent_at=SENT_AT), "sent", SENT_AT),
        (Listed("P-9", "sent", sent_at=SENT_AT - timedelta(hours=2)), "sent", SENT_AT - timedelta(hours=2)),
        (Listed("P-9", "sent", sent_at=SENT_AT + 2 * MINUTE), "sent", SENT_AT + 2 * MINUTE),
        (Listed("P-9", "scheduled", token="lost", text="Nothing like it"), "scheduled", SENT_AT - timedelta(hours=2)),
    ],
    ids=["these words", "the words of then", "it went out", "a strange word", "at its time of then", "near its time",
         "our token"],
)  # fmt: skip
def test_one_that_is_found_is_written_down_as_what_it_is(lost, row, state, send_at):
    """Known by its words, its token, or its time; nothing else is made."""
    here = lost(Listed("P-8", "sent", text="Somebody else's"), row)
    assert here.ask() == "found"
    made = here.made
    assert (made.state, made.provider_id, made.send_at) == (state, "P-9", send_at)
    assert (made.uncertain, made.next_try_at, made.error) == (False, None, "")
    assert (made.key, made.draft.to, made.sender, made.provider) == ("key", NUMBER, SENDER, "telnyx")
    assert (made.due_at, made.start_at, made.created_at) == (
        SENT_AT,
        SENT_AT + timedelta(hours=24),
        START - timedelta(hours=3),
    )
    assert (made.path, made.request, made.idempotency_key, made.attempts) == ("", b"", "", 1)
    assert here.searches == [(NUMBER, START - timedelta(hours=3))]
    assert here.history()[-1] == (state, "")


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ((), SILENT),
        ((Listed("P-1", "sent", text="Somebody else's"),), STRANGE.format(1)),
        ((Listed("P-1", "sent", text="x"), Listed("P-2", "sent", sent_at=SENT_AT + 3 * MINUTE)), STRANGE.format(2)),
        ((Listed("P-1", "cancelled", text=WORDS),), SILENT),
    ],
    ids=["nothing", "one that is strange", "two", "a cancelled one"],
)
def test_what_is_not_listed_may_exist_where_only_what_was_sent_is(lost, rows, error):
    """It is unknown, and looked for once, as soon as it must have been sent and listed."""
    here = lost(*rows)
    assert here.ask() == "unknown"
    assert (here.made.state, here.made.error, here.made.next_try_at) == (
        State.UNKNOWN,
        error,
        SENT_AT - timedelta(hours=2) + 10 * MINUTE,
    )
    assert (str(here.result.error), here.result.message) == (error, here.made)
    assert here.made.uncertain
    assert here.history()[-1] == ("unknown", error)


@pytest.mark.parametrize(
    ("at", "again"), [(SENT_AT + 10 * MINUTE - SECOND, True), (SENT_AT + 10 * MINUTE, False)], ids=["before", "after"]
)
def test_once_it_must_be_listed_it_is_not_looked_for_again(lost, at, again):
    """Ten minutes after its time; asking could show nothing more."""
    here = lost(at=at)
    doubt = Draft(NUMBER, WORDS, SENT_AT)
    assert here.ask(draft=doubt) == "unknown"
    assert here.made.next_try_at == (SENT_AT + 10 * MINUTE if again else None)


def test_one_that_the_ledger_knows_is_another(lost):
    """It is neither the one that is looked for, nor strange."""
    here = lost()
    known = Listed(here.before.provider_id, "scheduled", text=WORDS)
    other = lost(known, at=START)
    other.before = here.before
    assert other.ask() == "unknown"
    assert other.made.error == SILENT


def test_where_nothing_is_listed_nothing_is_asked(lost, make_kit):
    """It may exist all the same, and is never looked for again."""
    here = lost().holding(make_kit([DAY], provider=PROVIDERS["vonage"]()))
    here.sandbox.requests.clear()
    assert here.ask() == "unknown"
    assert (here.made.error, here.made.next_try_at, here.asked()) == (SILENT, None, [])


@pytest.mark.parametrize(
    ("late", "status"), [(10 * MINUTE, "done"), (10 * MINUTE - SECOND, "unknown")], ids=["ten minutes after", "sooner"]
)
def test_where_all_is_listed_what_is_not_there_does_not_exist(lost, late, status, tmp_path):
    """Ten minutes after the ledger was put back, when what was made before that must be on the list."""
    here = lost(name="twilio")
    here.kit.ledger.backup(tmp_path / "backup.db")
    here.kit.ledger.restore(tmp_path / "backup.db", START, force=True)
    here.sandbox.clock.set(START + late)
    assert here.ask() == status
    assert (here.made is None) is (status == "done")
    if status == "unknown":
        assert here.made.next_try_at == START + late + 5 * MINUTE


@pytest.mark.parametrize("hindrance", ["strange", "clock"])
def test_what_might_be_it_under_other_words_keeps_it_in_doubt(lost, tmp_path, hindrance):
    """So does a clock far from the provider's: its messages may seem older."""
    rows = [Listed("P-1", "scheduled", text="x")] if hindrance == "strange" else []
    here = lost(*rows, name="twilio", skew=MINUTE if hindrance == "clock" else timedelta(0))
    here.kit.ledger.backup(tmp_path / "backup.db")
    here.kit.ledger.restore(tmp_path / "backup.db", START, force=True)
    here.sandbox.clock.set(START + 12 * MINUTE)
    assert here.ask() == "unknown"


def test_while_the_provider_can_not_be_asked_nothing_is_made(lost):
    """The next run asks again."""
    here = lost().fault("503", method="GET", times=None)
    assert here.ask() == "failed"
    assert (here.made, here.result.message) == (None, None)
    assert "503" in str(here.result.error)


# Looked for again


DOUBT = {"state": State.UNKNOWN, "error": SILENT, "uncertain": True, "attempts": 1, "provider_id": None}


def test_one_that_turns_up_later_is_known_then(lost):
    """Its own words tell."""
    here = lost(Listed("P-9", "delivered", text=WORDS, sent_at=SENT_AT)).put(SENT_AT + MINUTE, **DOUBT)
    assert here.look_again() == ("done", "delivered")
    assert (here.after.provider_id, here.after.uncertain, here.after.error) == ("P-9", False, "")


def test_a_run_looks_for_it_on_the_list_of_all(lost):
    """Its reason says that it is of the gap: it is known by its words there."""
    here = lost(Listed("P-9", "delivered", text=WORDS, sent_at=SENT_AT)).put(SENT_AT + MINUTE, **DOUBT)
    assert here.settle()[:2] == ("done", "delivered")
    assert here.after.provider_id == "P-9"
    assert here.searches == [(NUMBER, here.before.created_at)]


@pytest.mark.parametrize(
    ("at", "state", "again"),
    [
        (START, "unknown", SENT_AT + 10 * MINUTE),
        (SENT_AT + 10 * MINUTE, "unknown", None),
        (FORGOTTEN - SECOND, "unknown", None),
        (FORGOTTEN, "abandoned", None),
    ],
    ids=["before its time", "listed by now", "a day after the start, nearly", "forgotten"],
)
def test_one_that_does_not_turn_up_is_forgotten_a_day_after_the_start(lost, at, state, again):
    """Until then it is in doubt."""
    here = lost().put(at, **DOUBT)
    assert here.look_again() == ("done", state)
    if state == "unknown":
        assert (here.after.next_try_at, here.after.attempts, here.after.error) == (again, 2, SILENT)


def test_while_nobody_can_be_asked_it_is_looked_for_later(lost):
    """Each time a little later; what is noted of it stays."""
    here = lost().fault("503", method="GET", times=None).put(START, **{**DOUBT, "attempts": 2})
    assert here.look_again() == ("done", "unknown")
    assert (here.after.next_try_at, here.after.attempts, here.after.error) == (START + 15 * MINUTE, 3, SILENT)


def test_what_is_strange_is_counted_anew(lost):
    """It may become known as another reminder's."""
    here = lost(Listed("P-1", "sent", text="x")).put(START, **DOUBT)
    assert here.look_again() == ("done", "unknown")
    assert here.after.error == STRANGE.format(1)


def test_what_certainly_does_not_exist_may_be_made(lost, tmp_path):
    """Its reminder is decided anew."""
    here = lost(name="twilio")
    here.put(START + timedelta(hours=1), **DOUBT)
    found = here.kit.ledger.read(lambda reader: reader.find_message(provider="twilio", token=here.before.id))
    here.kit.ledger.backup(tmp_path / "backup.db")
    here.kit.ledger.restore(tmp_path / "backup.db", START, force=True)
    here.before = found.message
    result = run_blocking(here.gaps().look_again(here.claimed()))
    assert (result.status.value, result.message.state.value) == ("done", "rejected")
    assert (result.message.error, result.message.uncertain, result.message.next_try_at) == (CLEARED, False, None)
