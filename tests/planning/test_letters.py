"""Which letter stands in for a text, where it goes and what speaks against it; and when a provider stops the text."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.appointments import Recipient
from reminder_kit.model.blockers import Blocker
from reminder_kit.model.consent import Suppression
from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.reasons import Reason
from reminder_kit.planning.fallback import fallback_key, fallback_rule, with_fallbacks
from reminder_kit.planning.message_times import NEVER_SENT, OPTED_OUT, REFUSED_SENDER
from reminder_kit.rules.late_policy import LatePolicy
from reminder_kit.rules.reminders import Detour, reminders_of
from reminder_kit.rules.rule import Rule
from tests.factories import NUMBER, SENDER, START, WINDOW, message_of, settings_of, visit

RULE = Rule(
    "day-before",
    before="24 hours",
    text="{{ when }}",
    together="All",
    channel="mms",
    media_urls=["https://clinic.example/1.png"],
)
FIRST = settings_of(RULE)
EMAIL, OTHER, SPARE_SENDER = "ada@clinic.example", "+12025550177", "+12025550101"
ADA = Recipient(NUMBER, name="Ada", id="P-1", email=EMAIL)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
INSTEAD = "its fallback takes care of it"


def reaching(reaches, **changes):
    """Return settings whose fallback is a channel that goes to that of a person."""
    spare = evolve(FIRST, provider="mail", sender="desk", reaches=reaches, subject="About {{ when }}", **changes)
    return evolve(FIRST, fallback=spare)


BY_EMAIL = reaching("email")
BY_TEXT = evolve(FIRST, fallback=evolve(FIRST, provider="twilio", sender=SPARE_SENDER))


def reminder_for(who=ADA, **changes):
    (found,) = reminders_of(evolve(visit("A"), recipients=[who]), [RULE], FIRST.defaults)
    return evolve(found, **changes)


REMINDER = reminder_for()
DUE = REMINDER.due_at
LOST = message_of(REMINDER, FIRST, State.UNDELIVERED, error="40008 Undeliverable")


def pair(*messages, reminder=REMINDER, settings=BY_EMAIL, **known):
    """Return the reminder as it is wanted, and its fallback; None: it has none."""
    by_key = {}
    for message in messages:
        by_key.setdefault(message.key, []).append(message)
    own, *others = with_fallbacks([reminder], by_key, settings, **known)
    assert len(others) <= 1
    return own, others[0] if others else None


BLOCKER = Blocker(
    "telnyx", "", SENDER, "US", "", "40333", known=True, elsewhere=False, keys=("k",), since=START, attempts=1,
    next_try_at=DUE, error="refused", tried="",
)  # fmt: skip


def test_a_letter_is_about_one_appointment_and_without_pictures():
    """By the way that reaches the person, with the channel's subject; as late as it is."""
    own, letter = pair(LOST)
    assert own == REMINDER
    assert (letter.key, letter.to, letter.due_at) == (fallback_key(REMINDER.key), EMAIL, LOST.send_at)
    assert letter.detour == Detour("mail", EMAIL, "About {{ when }}")
    assert (letter.rule.id, letter.rule.together, letter.rule.media_urls) == ("day-before-fallback", "", ())
    assert letter.instead == f"instead of the message of 2026-02-11T14:00:00Z, which was not delivered ({LOST.error})"
    _, text = pair(LOST, settings=BY_TEXT)
    assert (text.to, text.detour, text.rule.together, text.rule.media_urls) == (NUMBER, None, "All", RULE.media_urls)
    silent = evolve(LOST, error="")
    assert pair(silent)[1].instead == "instead of the message of 2026-02-11T14:00:00Z, which was not delivered"


@pytest.mark.parametrize(
    ("reaches", "who", "to"),
    [
        ("email", ADA, EMAIL),
        ("email", evolve(ADA, email=""), ""),
        ("email", evolve(ADA, email="no address"), ""),
        ("phone", ADA, NUMBER),
        ("phone", evolve(ADA, phone="12"), ""),
        ("anyone", ADA, NUMBER),
        ("anyone", evolve(ADA, phone="12"), EMAIL),
        ("anyone", evolve(ADA, phone="", email=""), "P-1"),
    ],
)
def test_a_letter_goes_where_its_channel_reaches_the_person(reaches, who, to):
    """A number that can be one, an address that is one, or either, or the host's own name; else there is none."""
    reminder = reminder_for(who)
    lost = message_of(reminder, FIRST, State.UNDELIVERED)
    _, letter = pair(lost, reminder=reminder, settings=reaching(reaches))
    assert (letter.to if letter else "") == to


@pytest.mark.parametrize(
    ("who", "words"),
    [
        (evolve(ADA, phone="12"), "instead of a text, since its number can't be one"),
        (evolve(ADA, phone=""), "instead of a text, since no number is known"),
    ],
    ids=["an impossible number", "no number"],
)
def test_whom_no_text_can_reach_is_written_to_at_the_usual_time(who, words):
    """Nothing of the text's own speaks against it; without a number the text is not even counted as failed."""
    reminder = reminder_for(who)
    assert reminder.refusal is Reason.INVALID_NUMBER or not who.phone
    reminder = evolve(reminder, refusal=Reason.INVALID_NUMBER, detail="no number")
    own, letter = pair(reminder=reminder)
    assert (letter.due_at, letter.instead, letter.refusal, letter.detail) == (DUE, words, None, "")
    assert letter.rule.if_late == RULE.if_late
    assert letter.rule.spread == RULE.spread
    if who.phone:
        assert own == reminder
    else:
        assert own == evolve(reminder, refusal=Reason.BY_CHANNEL, detail=INSTEAD)
    away = evolve(reminder, recipient=evolve(who, opted_in=False))
    own, letter = pair(reminder=away)
    assert (own, letter.refusal) == (away, Reason.OPTED_OUT)


@pytest.mark.parametrize("state", [None, *State], ids=str)
def test_not_while_a_text_is_open(state):
    """It may still go out, or is being taken back."""
    barred = {NUMBER: Suppression(NUMBER, "a landline", START, "provider")}
    refused = evolve(REMINDER, refusal=Reason.SUPPRESSED, detail="a landline")
    messages = [message_of(REMINDER, FIRST, state)] if state else []
    own, letter = pair(*messages, reminder=refused, suppressed=barred)
    assert (letter is None) is (state in OPEN)
    assert own == refused
    if letter is not None and state not in SENT:
        assert (letter.instead, letter.refusal) == ("instead of a text, since none arrives at its number", None)


def test_of_what_was_lost_and_can_not_arrive_the_letter_is_as_late_as_that_is():
    """It went out at its time; that its number is barred since is why there is a letter, and no reason to be sooner."""
    barred = {NUMBER: Suppression(NUMBER, "a landline", START, "provider")}
    _, letter = pair(LOST, reminder=evolve(REMINDER, refusal=Reason.SUPPRESSED), suppressed=barred)
    assert (letter.due_at, letter.rule) == (LOST.send_at, pair(LOST)[1].rule)
    assert letter.instead == "instead of a text, since none arrives at its number"


@pytest.mark.parametrize("by", ["host", "recipient", "provider"])
def test_only_whom_the_provider_does_not_reach_is_written_to_instead(by):
    """Whoever opted out, or was barred by the host, is not; nor one that is refused for anything else."""
    barred = {NUMBER: Suppression(NUMBER, "said so", START, by)}
    refused = evolve(REMINDER, refusal=Reason.SUPPRESSED)
    assert (pair(reminder=refused, suppressed=barred)[1] is not None) is (by == "provider")
    assert pair(reminder=evolve(refused, refusal=Reason.OPTED_OUT), suppressed=barred)[1] is None
    assert pair(reminder=refused)[1] is None
    assert pair(reminder=REMINDER, suppressed=barred)[1] is None


@pytest.mark.parametrize(
    ("by", "reason"), [("host", "suppressed"), ("recipient", "opted_out"), ("provider", "suppressed")]
)
def test_an_address_that_is_barred_gets_no_letter(by, reason):
    """With who says so; one that only waits, or is another's, is none."""
    barred = Suppression(EMAIL, "said so", START, by)
    letter = pair(LOST, suppressed={EMAIL: barred})[1]
    assert (letter.refusal, letter.detail) == (reason, barred.said)
    assert pair(LOST, suppressed={EMAIL: evolve(barred, holds=True)})[1].refusal is None
    assert pair(LOST, suppressed={"eve@clinic.example": barred})[1].refusal is None


def test_a_letter_goes_only_to_whom_may_be_written_to():
    """By its own address."""
    assert pair(LOST, settings=evolve(BY_EMAIL, only_to=(NUMBER,)))[1].refusal is Reason.OUTSIDE_ONLY_TO
    assert pair(LOST, settings=evolve(BY_EMAIL, only_to=(EMAIL,)))[1].refusal is None
    refused = evolve(REMINDER, refusal=Reason.CANCELLED, detail="off")
    letter = pair(LOST, reminder=refused, settings=evolve(BY_EMAIL, only_to=()))[1]
    assert (letter.refusal, letter.detail) == (Reason.CANCELLED, "off")


LETTER_OUT = evolve(
    LOST, id="l", key=fallback_key(LOST.key), state=State.SENT, provider="mail", sender="desk",
    draft=evolve(LOST.draft, to=EMAIL), due_at=DUE + HOUR, error="",
)  # fmt: skip


def test_once_a_letter_went_out_nothing_follows():
    """It keeps its due time; a text that never went out is told to have been."""
    own, letter = pair(LOST, LETTER_OUT)
    assert (own, letter.due_at) == (REMINDER, DUE + HOUR)
    assert letter.instead == "instead of a message that was not delivered"
    own, letter = pair(LETTER_OUT)
    assert own == evolve(REMINDER, refusal=Reason.ALREADY_SENT, detail=INSTEAD)
    two = evolve(LETTER_OUT, id="l2", due_at=DUE + 2 * HOUR)
    assert pair(LETTER_OUT, two)[1].due_at == DUE + 2 * HOUR
    elsewhere = evolve(LETTER_OUT, draft=evolve(LETTER_OUT.draft, to="eve@clinic.example"))
    assert pair(elsewhere) == (REMINDER, None)
    refused = evolve(REMINDER, refusal=Reason.CANCELLED, detail="off")
    assert pair(LETTER_OUT, reminder=refused)[0] == refused


@pytest.mark.parametrize("step", [-1, 0, 1])
def test_what_was_for_nearly_this_start_counts(step):
    """A quarter of an hour either way."""
    for sign in (-1, 1):
        start_at = LOST.start_at + sign * (timedelta(minutes=15) + step * SECOND)
        assert (pair(evolve(LOST, start_at=start_at))[1] is not None) is (step <= 0)


@pytest.mark.parametrize(
    ("error", "by_text", "by_letter"),
    [
        (f"{REFUSED_SENDER}40305", "for its sender", "for its sender"),
        ("40310", None, "for good"),
        (f"{OPTED_OUT}40300", None, None),
        (NEVER_SENT, None, None),
    ],
    ids=["for its sender", "for good", "opted out", "never sent"],
)
def test_what_was_refused_has_a_fallback_at_its_usual_time(error, by_text, by_letter):
    """A text only where another sender might fare better, a letter for any refusal but an opt-out's."""
    refused, known = evolve(LOST, state=State.REJECTED, error=error), {}
    if error.startswith(REFUSED_SENDER):  # for as long as that is known to hold
        known = {"blockers": [evolve(BLOCKER, elsewhere=True)], "now": START}
        assert pair(refused) == pair(refused, settings=BY_TEXT) == (REMINDER, None)
    for settings, why in ((BY_TEXT, by_text), (BY_EMAIL, by_letter)):
        own, found = pair(refused, settings=settings, **known)
        if why is None:
            assert (own, found) == (REMINDER, None)
        else:
            assert own == evolve(REMINDER, refusal=Reason.QUARANTINED, detail=INSTEAD)
            assert (found.due_at, found.instead) == (DUE, f"instead of a message that was refused {why}")
            assert found.rule.if_late == RULE.if_late
    for settings in (BY_TEXT, BY_EMAIL):
        assert pair(evolve(refused, state=State.ABANDONED), settings=settings) == (REMINDER, None)


def test_of_another_sender_the_text_is_tried_again_unless_its_fallback_is_parked():
    """The last refusal counts."""
    refused = evolve(LOST, state=State.REJECTED, error=f"{REFUSED_SENDER}40305")
    old = evolve(refused, sender=OTHER)
    parked = evolve(LETTER_OUT, state=State.SCHEDULED)
    assert pair(old) == (REMINDER, None)
    assert pair(evolve(refused, provider="twilio")) == (REMINDER, None)
    assert pair(refused, old) == (REMINDER, None)
    stops = {"blockers": [evolve(BLOCKER, elsewhere=True)], "now": START}
    assert pair(old, refused)[1] is None
    assert pair(old, refused, **stops)[0].refusal is Reason.QUARANTINED
    assert pair(old, parked)[0].refusal is Reason.QUARANTINED
    own, letter = pair(parked)
    assert own == evolve(REMINDER, refusal=Reason.WAITING_ACCOUNT, detail=INSTEAD)
    assert letter.instead == "instead of a message that was stopped"
    assert letter.due_at == DUE


def stopped(now=START, reminder=REMINDER, settings=BY_TEXT, **changes):
    own, found = pair(reminder=reminder, settings=settings, blockers=[evolve(BLOCKER, **changes)], now=now)
    if found is not None:
        assert found.instead == "instead of a message that the provider does not take now"
        assert (found.due_at, own.refusal, own.detail) == (DUE, Reason.WAITING_ACCOUNT, INSTEAD)
    else:
        assert own == reminder
    return found is not None


def test_what_the_provider_will_not_take_in_time_goes_another_way():
    """To the second; at once, where another sender may be taken. What is due is tried first."""
    in_time = DUE - WINDOW.min_lead - WINDOW.margin
    assert [stopped(next_try_at=in_time + step * SECOND) for step in (-1, 0, 1)] == [False, True, True]
    assert stopped(next_try_at=START + SECOND, elsewhere=True)
    assert not stopped(next_try_at=START, elsewhere=True)
    assert [stopped(now=DUE + step * SECOND) for step in (-1, 0)] == [True, False]
    assert not stopped(now=None)
    assert not stopped(sender=OTHER)
    assert not stopped(country="GB")
    assert not stopped(channel="sms")
    assert stopped(channel="mms")
    undue = evolve(REMINDER, due_at=None)
    own, found = pair(reminder=undue, settings=BY_TEXT, blockers=[BLOCKER], now=START)
    assert (own, found) == (undue, None)


def test_of_several_reminders_each_is_in_its_place_and_the_fallbacks_after_them():
    """Who has nobody has none."""
    nobody = evolve(REMINDER, key="nobody", recipient=None)
    second = evolve(REMINDER, key="second")
    out = evolve(LETTER_OUT, key=fallback_key("second"), draft=evolve(LETTER_OUT.draft, to="eve@clinic.example"))
    found = with_fallbacks([nobody, REMINDER, second], {LOST.key: [LOST], out.key: [out]}, BY_EMAIL)
    assert [one.key for one in found] == ["nobody", REMINDER.key, "second", fallback_key(REMINDER.key)]
    assert with_fallbacks([nobody], {}, FIRST) == [nobody]


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({}, True),
        ({"error": "40001 landline"}, False),
        ({"error": "40001"}, False),
        ({"error": "400011 other"}, True),
        ({"provider": "other", "error": "40001"}, True),
        ({"provider": "mail", "sender": "desk"}, False),
        ({"provider": "mail"}, True),
    ],
)
def test_what_another_way_would_not_mend_has_no_fallback(changes, failed):
    """A code that says so of its provider; or the very sender that stands in."""
    settings = evolve(BY_EMAIL, permanent_codes={"telnyx": frozenset({"40001"})})
    assert (pair(evolve(LOST, **changes), settings=settings)[1] is not None) is failed
    assert pair(LOST, evolve(LOST, **changes), settings=settings)[1] is None or failed
    arrived = evolve(LOST, state=State.DELIVERED)
    assert pair(LOST, arrived)[1] is None
    later = evolve(LOST, draft=evolve(LOST.draft, send_at=DUE + HOUR))
    assert pair(later, LOST)[1].due_at == DUE + HOUR


@pytest.mark.parametrize(
    ("given", "within"),
    [
        ({"before": "24 hours"}, None),
        ({"before": "24 hours", "if_late": {"skip_after": "2 hours"}}, 2 * HOUR),
        ({"after": "1 hour"}, timedelta(hours=24)),
        ({"after": "1 hour", "if_late": "clamp"}, None),
        ({"after": "1 hour", "if_late": "skip"}, timedelta(hours=24)),
    ],
    ids=["any", "bounded", "a follow-up", "one that is clamped", "one that is skipped"],
)
def test_the_rule_of_what_is_late_has_no_spread_and_says_how_late_it_may_be(given, within):
    """What stands in at the usual time is spread as ever."""
    rule = Rule("r", text="x", spread="10 minutes", **given)
    late = fallback_rule(rule, late=True)
    assert (late.id, late.spread, late.if_late) == (
        "r-fallback",
        timedelta(0),
        LatePolicy("clamp", within, stated=True),
    )
    usual = fallback_rule(rule, late=False)
    assert (usual.id, usual.spread, usual.if_late) == ("r-fallback", timedelta(minutes=10), rule.if_late)
