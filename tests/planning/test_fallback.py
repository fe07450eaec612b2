"""Which fallbacks are due: derived from reminders and their messages alone, without a ledger or a provider."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Rule
from reminder_kit.errors import AccountRefusedError, SenderRefusedError
from reminder_kit.model.blockers import Blocker
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Draft, Message
from reminder_kit.model.reasons import Reason
from reminder_kit.planning.fallback import fallback_key, fallback_rule, with_fallbacks
from reminder_kit.planning.message_times import NEVER_SENT, REFUSED_SENDER
from reminder_kit.rules.placement import FOLLOW_UP_PATIENCE
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import KEYS
from reminder_kit.rules.window import Window
from tests.factories import DEFAULTS, START, settings_of

DAY = Rule("day-before", before="24 hours", text="See you {{ when }}", late_text="Soon", spread="10 minutes")
THANKS = Rule("thanks", after="1 hour", text="Thank you")
SECOND = "+12025550101"


@pytest.fixture
def settings():
    first = settings_of(DAY, key_life=None)
    other = Window(timedelta(minutes=15), timedelta(days=35), timedelta(0))
    spare = evolve(first, provider="twilio", sender=SECOND, window=other, prefer_duplicate=False)
    return evolve(
        first, fallback=spare, permanent_codes={"telnyx": frozenset({"40001"}), "twilio": frozenset({"30006"})}
    )


@pytest.fixture
def reminder(appointment):
    (found,) = reminders_of(appointment(), [DAY], DEFAULTS)
    return found


@pytest.fixture
def message(reminder):
    """Return a factory of messages for the reminder: undelivered unless it is said otherwise."""

    def make(state=State.UNDELIVERED, error="40008 Undeliverable", to=None, *, spare=False, **changes):
        values = {
            "id": "m1",
            "key": fallback_key(reminder.key) if spare else reminder.key,
            "state": state,
            "draft": Draft(to or reminder.recipient.phone, "See you", reminder.due_at + timedelta(minutes=3)),
            "due_at": reminder.due_at,
            "start_at": reminder.appointment.start_at,
            "sender": SECOND if spare else "+12025550100",
            "provider": "twilio" if spare else "telnyx",
            "path": "/messages",
            "request": b"",
            "idempotency_key": "k",
            "created_at": START,
            "error": error,
        }
        return Message(**{**values, **changes})

    return make


def due(reminder, settings, *messages, **known):
    """Return the reminder as it is wanted, and its fallbacks."""
    by_key = {}
    for message in messages:
        by_key.setdefault(message.key, []).append(message)
    own, *others = with_fallbacks([reminder], by_key, settings, **known)
    return own, others


def test_it_is_the_same_reminder_with_a_key_and_rule_of_its_own(reminder, settings, message):
    """A fallback is due when the lost message was to be sent, and its trail says why it stands in."""
    own, (spare,) = due(reminder, settings, message())
    assert own == reminder
    assert spare.key not in (reminder.key, fallback_key(spare.key))
    assert spare.rule.id == "day-before-fallback"
    assert (spare.rule.text, spare.rule.late_text, spare.rule.offset) == (DAY.text, DAY.late_text, DAY.offset)
    assert spare.due_at == message().send_at
    assert (spare.recipient, spare.appointment, spare.anchor_at) == (
        reminder.recipient,
        reminder.appointment,
        reminder.anchor_at,
    )
    why = "instead of the message of 2026-02-12T14:03:00Z, which was not delivered (40008 Undeliverable)"
    assert spare.instead == why
    assert why in spare.trail


@pytest.mark.parametrize("state", [item for item in State if item is not State.UNDELIVERED])
def test_only_what_certainly_did_not_arrive_has_one(reminder, settings, message, state):
    """Of all states only undelivered leads to a fallback: anything else may have reached the person."""
    assert due(reminder, settings, message(state)) == (reminder, [])


@pytest.mark.parametrize("state", [State.CREATING, State.SCHEDULED, State.CANCELLING, State.SENT, State.DELIVERED])
def test_not_while_another_message_is_parked_or_arrived(reminder, settings, message, state):
    """A second message of the reminder that may still arrive, or did, makes the fallback needless."""
    assert due(reminder, settings, message(), message(state, id="m2")) == (reminder, [])
    assert due(reminder, settings, message(state, id="m2"), message()) == (reminder, [])


def test_an_unconfirmed_message_stands_in_the_way_of_none(reminder, settings, message):
    """An older message of unknown outcome does not withhold the fallback of a later, undelivered one."""
    assert len(due(reminder, settings, message(State.UNKNOWN), message(id="m2"))[1]) == 1


@pytest.mark.parametrize("error", ["40001", "40001 Landline"])
def test_not_where_the_number_is_at_fault(reminder, settings, message, error):
    """A permanent code of the message's own provider says that no sender would get through."""
    assert due(reminder, settings, message(error=error)) == (reminder, [])
    assert len(due(reminder, settings, message(error="30006"))[1]) == 1, "that is a word of the other provider's"


@pytest.mark.parametrize(
    "changes", [{"start_at": START}, {"to": "+12025550177"}], ids=["another start", "another number"]
)
def test_what_was_for_another_start_or_person_has_no_fallback(reminder, settings, message, changes):
    """What was for another start, or another person, is the reminder's own business."""
    assert due(reminder, settings, message(**changes)) == (reminder, [])


@pytest.mark.parametrize("spare", [timedelta(0), timedelta(seconds=1)])
def test_it_stands_in_where_waiting_for_the_account_would_make_it_late(reminder, settings, message, spare):
    """By the window's least lead and its margin, to the second: what is sooner waits for the account."""
    window = settings.window
    now = reminder.due_at - window.min_lead - window.margin - timedelta(minutes=5) - spare
    blocker = Blocker.met(AccountRefusedError("no", code="40312"), message(error=""), settings.account, now, ())
    assert blocker.next_try_at == now + timedelta(minutes=5)
    found = with_fallbacks([reminder], {}, settings, (blocker,), now)
    assert [one.rule.id for one in found] == (["day-before"] if spare else ["day-before", "day-before-fallback"])


@pytest.mark.parametrize("if_late", ["clamp", "skip"])
@pytest.mark.parametrize(
    ("late", "spare", "stands_in"),
    [(0, "at once", True), (5, "at once", True), (6, "at once", False), (0, "twilio", False)],
)
def test_what_is_due_is_tried_first_unless_the_fallback_alone_is_in_time(
    appointment, settings, message, if_late, late, spare, stands_in
):
    """By the minute at which the fallback would be late as well; a refused, or cancelled, one is in time nowhere."""
    rule = Rule("day-before", before="24 hours", text="See you", if_late=if_late)
    (reminder,) = reminders_of(appointment(), [rule], DEFAULTS)
    if spare == "at once":
        at_once = Window(timedelta(0), timedelta(0), timedelta(0), timedelta(0))
        settings = evolve(settings, fallback=evolve(settings.fallback, window=at_once))
    before = reminder.due_at - timedelta(hours=2)
    blocker = Blocker.met(AccountRefusedError("no", code="40312"), message(error=""), settings.account, before, ())
    known = {"blockers": (blocker,), "now": reminder.due_at + timedelta(minutes=late)}
    own, others = due(reminder, settings, **known)
    assert (own.refusal, len(others)) == ((Reason.WAITING_ACCOUNT, 1) if stands_in else (None, 0))
    cancelled = evolve(reminder, refusal=Reason.CANCELLED)
    assert due(cancelled, settings, **known) == (cancelled, [])


def test_without_a_fallback_or_a_recipient_there_is_none(reminder, settings, message):
    """Without a second sender, or without a number to write to, the reminder stands alone."""
    assert due(reminder, evolve(settings, fallback=None), message()) == (reminder, [])
    assert due(evolve(reminder, recipient=None), settings, message())[1] == []


def test_it_is_refused_as_its_reminder_is(reminder, settings, message):
    """A suppressed number is suppressed for the fallback too."""
    _, (spare,) = due(evolve(reminder, refusal=Reason.SUPPRESSED), settings, message())
    assert spare.refusal is Reason.SUPPRESSED


def test_not_through_the_very_sender_that_failed(reminder, settings, message):
    """Once the senders are exchanged, a message that failed through the present fallback has none."""
    swapped = message(provider="twilio", sender=SECOND)
    assert due(reminder, settings, swapped) == (reminder, [])


@pytest.mark.parametrize("state", [State.SENT, State.DELIVERED, State.UNDELIVERED])
def test_once_it_went_out_it_stays_what_it_is(reminder, settings, message, state):
    """Once it went out it stays what it is and its reminder is not sent again."""
    spoken = message(state, spare=True, due_at=START, start_at=reminder.appointment.start_at - timedelta(minutes=10))
    earlier = message(start_at=reminder.appointment.start_at - timedelta(minutes=20))
    own, (spare,) = due(reminder, settings, earlier, spoken)
    assert (own.refusal, spare.due_at) == (Reason.ALREADY_SENT, START)
    own, (spare,) = due(reminder, settings, message(), spoken)
    assert own == reminder


class TestRefused:
    """The sender was refused when the message was to be parked."""

    ERROR = f"{REFUSED_SENDER}Telnyx: create was answered with 400"

    @pytest.fixture
    def known(self, settings, message):
        """Return what is known while nothing is sent from the sender: what stops it, a minute after it was refused."""
        stops = Blocker.met(SenderRefusedError("no", code="40329"), message(error=""), settings.account, START, ())
        return {"blockers": (stops,), "now": START + timedelta(minutes=1)}

    def test_it_stands_in_at_the_usual_time_and_by_the_same_rule(self, reminder, settings, message, known):
        """A refused sender leaves the reminder quarantined and its fallback due at the reminder's own time."""
        own, (spare,) = due(reminder, settings, message(State.REJECTED, self.ERROR), **known)
        assert (own.refusal, spare.refusal) == (Reason.QUARANTINED, None)
        assert spare.due_at == reminder.due_at
        assert (spare.rule.if_late, spare.rule.spread) == (DAY.if_late, DAY.spread)

    @pytest.mark.parametrize("over", [{}, {"now": START + timedelta(minutes=5)}], ids=["over", "due"])
    def test_once_it_is_due_or_over_the_reminder_itself_is_tried(self, reminder, settings, message, known, over):
        """What was refused once says nothing of a sender that may be mended."""
        refused, known = message(State.REJECTED, self.ERROR), {**known, **over} if over else {}
        assert due(reminder, settings, refused, **known) == (reminder, [])

    @pytest.mark.parametrize("state", State)
    def test_unless_its_fallback_may_come(self, reminder, settings, message, state):
        """Parked, in doubt, or out: both would be two texts. One that was refused as well, or taken back, is none."""
        refused = message(State.REJECTED, self.ERROR)
        own, others = due(reminder, settings, refused, message(state, "", spare=True))
        free = state in (State.REJECTED, State.CANCELLED, State.ABANDONED)
        assert (own.refusal is None, others == []) == (free, free)

    def test_a_longer_wait_for_the_account_changes_nothing(self, reminder, settings, message, known):
        """Two causes stop it: another sender may still be taken at once."""
        (stops,) = known["blockers"]
        longer = evolve(stops, code="40312", elsewhere=False, next_try_at=START + timedelta(hours=1))
        known["blockers"] = (longer, stops)
        own, others = due(reminder, settings, message(State.REJECTED, self.ERROR), **known)
        assert (own.refusal, len(others)) == (Reason.QUARANTINED, 1)

    @pytest.mark.parametrize("error", ["Telnyx: create was answered with 400 (40302)", NEVER_SENT, ""])
    def test_what_was_refused_for_its_text_or_number_has_none(self, reminder, settings, message, error):
        """Only a refusal of the sender can be mended by another sender."""
        assert due(reminder, settings, message(State.REJECTED, error)) == (reminder, [])

    def test_with_another_sender_the_reminder_itself_is_tried_again(self, reminder, settings, message):
        """A refusal of an old sender says nothing of the one that is configured now."""
        old = message(State.REJECTED, self.ERROR, sender="+12025550109")
        assert due(reminder, settings, old) == (reminder, [])

    def test_unless_the_fallback_is_parked_already(self, reminder, settings, message):
        """With its fallback parked, the reminder stays quarantined under a new sender too: else two would arrive."""
        old = message(State.REJECTED, self.ERROR, sender="+12025550109")
        own, others = due(reminder, settings, old, message(State.SCHEDULED, spare=True))
        assert (own.refusal, len(others)) == (Reason.QUARANTINED, 1)

    def test_a_reason_of_its_own_comes_first(self, reminder, settings, message, known):
        """A cancelled reminder stays cancelled, and so does its fallback."""
        cancelled = evolve(reminder, refusal=Reason.CANCELLED)
        own, (spare,) = due(cancelled, settings, message(State.REJECTED, self.ERROR), **known)
        assert own.refusal is spare.refusal is Reason.CANCELLED


class TestRule:
    """What becomes of the rule."""

    @pytest.mark.parametrize("if_late", [None, "clamp", "skip", "next rule"])
    def test_it_is_clamped_whatever_it_says_of_late_bookings(self, if_late):
        """A fallback is late by nature: "skip" and "next rule" do not hold for it."""
        rule = fallback_rule(Rule("r", before="1 hour", text="x", if_late=if_late), late=True)
        assert rule.if_late.still_useful(timedelta(days=9))
        assert rule.says_late
        assert not rule.if_late.gives_way

    def test_but_not_later_than_it_allows(self):
        """`skip_after` still bounds how late a fallback may be."""
        rule = fallback_rule(Rule("r", before="1 hour", text="x", if_late={"skip_after": "2 hours"}), late=True)
        assert rule.if_late.still_useful(timedelta(hours=2))
        assert not rule.if_late.still_useful(timedelta(hours=3))

    @pytest.mark.parametrize(
        ("if_late", "within"),
        [
            (None, FOLLOW_UP_PATIENCE),
            ("skip", FOLLOW_UP_PATIENCE),
            ("clamp", None),
            ({"skip_after": "1 hour"}, timedelta(hours=1)),
        ],
    )
    def test_a_follow_up_has_its_own_patience(self, if_late, within):
        """The fallback of a follow-up may be a day late, or as late as the rule states."""
        rule = fallback_rule(Rule("r", after="1 hour", text="x", if_late=if_late), late=True)
        assert rule.if_late.within == within

    @pytest.mark.parametrize(
        "given",
        [
            {"before": "1 day"},
            {"days_before": 1, "at": "18:00", "only": {"tags": ["a"]}},
            {"weekday": "friday", "at": "09:00", "unless": {"status": "tentative"}},
            {"business_days_before": 2, "min_notice": "3 hours", "shift": "later", "if_far": "clamp"},
            {"on": START, "channel": "mms", "media_urls": ["https://a/b.png"], "subject": "Hi"},
            {"after": "0 minutes", "max_parts": 2, "text": {"en": "a", "es": "b"}},
            {"before": "2 hours", "min_booking_lead": "1 day", "when": bool, "text": {"sms": "a", "mms": "b"}},
        ],
        ids=lambda given: next(iter(given)),
    )
    def test_everything_else_is_as_it_was(self, given):
        """But for its id, the fallback's rule has the same keys and the same fingerprint."""
        rule = Rule("r", **{"text": "x", **given})
        same = Rule(**{**{key: getattr(fallback_rule(rule, late=False), key) for key in KEYS}, "id": "r"})
        assert same == rule
        assert same.fingerprint == rule.fingerprint


class TestWhose:
    """Through whom a reminder goes, and whose a message is."""

    def test_a_message_is_of_the_sender_it_was_parked_with(self, settings, message):
        """Settings for a message are those of its own provider and sender: reading and cancelling need them."""
        assert settings.of(message()) is settings
        assert settings.of(message(spare=True)) is settings.fallback

    def test_of_an_old_sender_it_is_of_the_same_provider(self, settings, message):
        """An unknown sender is looked for by its provider; if both are of one provider, it is the first's."""
        assert settings.of(message(sender="+12025550109")) is settings
        assert settings.of(message(spare=True, sender="+12025550109")) is settings.fallback
        alike = evolve(settings, fallback=evolve(settings.fallback, provider="telnyx"))
        assert alike.of(message(sender="+12025550109")) is alike
        assert alike.of(message(sender=SECOND)) is alike.fallback

    def test_of_an_unknown_provider_it_is_of_the_first(self, settings, message):
        """A message of a provider that is configured no more is judged by the first one's settings."""
        assert settings.of(message(provider="pigeon")) is settings

    def test_a_reminder_goes_through_the_first_unless_it_stands_in(self, reminder, settings, message):
        """Only a fallback is sent with the settings of the second sender."""
        own, (spare,) = due(reminder, settings, message())
        assert settings.of(own) is settings
        assert settings.of(spare) is settings.fallback

    def test_the_fallback_is_part_of_what_outcomes_were_decided_with(self, settings):
        """Adding or changing the fallback changes the settings' digest, so appointments are decided again."""
        alone = evolve(settings, fallback=None)
        other = evolve(settings, fallback=evolve(settings.fallback, sender="+12025550109"))
        assert len({item.digest for item in (settings, alone, other)}) == 3


def test_the_window_of_a_fallback_is_part_of_what_is_decided(settings):
    """What it takes when decides when a reminder goes there."""
    window = evolve(settings.fallback.window, min_lead=timedelta(minutes=20))
    assert evolve(settings, fallback=evolve(settings.fallback, window=window)).digest != settings.digest


def test_a_message_of_another_sender_is_known_by_it(settings, message):
    """Where a message went out from a sender of the same provider, its settings count."""
    other = evolve(settings, sender="+12025550177")
    both = evolve(settings, others=(("+44", other),))
    assert both.of(message(sender="+12025550177")) is other
    assert both.of(message(sender="+12025550100")) is both


def test_a_channel_and_its_subject_are_part_of_what_is_decided(settings):
    """Another channel, or another subject of its letters, has every appointment decided anew."""
    spares = [
        evolve(settings.fallback, reaches=reaches, subject=subject)
        for reaches, subject in (("", ""), ("email", "Your visit"), ("email", "Your visit, {{ when }}"), ("push", ""))
    ]
    assert len({evolve(settings, fallback=spare).digest for spare in spares}) == 4
