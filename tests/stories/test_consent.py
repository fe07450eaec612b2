"""Consent is a history: who barred a number, when, by which way; in which order it happened, and for whom it holds."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from reminder_kit.errors import InvalidInputError
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from tests.factories import HOOK, NUMBER, SERVICE, at_rest, summed

OURS, OTHERS = "+12025550100", "+12025550101"


def provider(sandbox, from_=OURS, profile=None):
    return Telnyx("KEY", from_, profile, public_key=sandbox.public_key)


@pytest.fixture
def clinic(make_kit, sandbox, appointment):
    """A kit that has parked one reminder, and takes webhooks."""
    kit = make_kit(provider=provider(sandbox))
    kit.sync(appointment())
    return kit


@pytest.fixture
def shop(make_kit, sandbox, appointment):
    """A kit of another namespace on the same ledger, with a reminder of its own to the same number."""

    def make(from_=OURS, profile=None):
        kit = make_kit(provider=provider(sandbox, from_, profile), namespace="shop")
        kit.sync(appointment("S-1", days=2))
        return kit

    return make


def wrote(sandbox, text, to=OURS, after=timedelta(minutes=1)):
    """Return the webhook of what the person wrote; a minute passes before."""
    sandbox.clock.advance(after)
    return sandbox.inbound(NUMBER, text, to=to)


def heard(kit, sandbox, *hooks):
    for hook in hooks:
        kit.receive(*hook.as_sent(sandbox.now()))
    kit.resync(only_dirty=True)


def parked(sandbox, kit=None):
    sender = kit.provider.sender if kit else None
    return [message.from_ for message in sandbox.parked() if sender in (None, message.from_)]


# In which order


@pytest.mark.parametrize(
    "words", [("STOP", "START"), ("START", "STOP"), ("STOP", "START", "STOP"), ("STOP", "STOP", "START")]
)
def test_stop_and_start_count_in_the_order_in_which_they_happened(clinic, sandbox, words):
    """Whichever webhook comes first, and also where one comes twice: the last word is the person's."""
    hooks = [wrote(sandbox, word) for word in words]
    barred = words[-1] == "STOP"
    for order in permutations(hooks):
        heard(clinic, sandbox, *order, order[0])
        assert bool(clinic.status()["suppressions"]) is barred
        assert len(parked(sandbox)) == (0 if barred else 1)
    assert len(clinic.consent(NUMBER).events) == len(words)


def test_a_start_that_comes_late_lifts_no_later_stop(clinic, sandbox):
    """A START of 9:01 whose webhook arrives after the STOP of 9:02 lifts nothing."""
    start, stop = wrote(sandbox, "START"), wrote(sandbox, "STOP")
    heard(clinic, sandbox, stop)
    assert parked(sandbox) == []
    sandbox.clock.advance(minutes=10)
    heard(clinic, sandbox, start)
    assert parked(sandbox) == []


def test_a_stop_and_a_start_of_one_instant_bar(clinic, sandbox):
    """Where nobody can say which was first, the STOP counts."""
    stop, start = wrote(sandbox, "STOP"), wrote(sandbox, "START")
    start.occurred_at = stop.occurred_at
    for order in ((stop, start), (start, stop)):
        heard(clinic, sandbox, *order)
        assert parked(sandbox) == []


@pytest.mark.parametrize("kind", ["twilio", "vonage"])
def test_other_providers_tell_as_much_as_they_know(make_kit, sandbox, reminder_kit_signed_event, kind, appointment):
    """Vonage says when a reply came, Twilio does not: there the order is that of arrival."""
    sandbox.secret = "KEY"
    made = (
        Twilio("AC" + "1" * 32, "KEY", SERVICE, OURS, webhook_url=HOOK)
        if kind == "twilio"
        else Vonage(OURS, "k", "KEY", signature_secret="KEY")
    )
    kit = make_kit(provider=made)
    options = {"number": NUMBER, "our_number": OURS, "secret": "KEY", "url": HOOK}
    start = reminder_kit_signed_event(kind, "opted_in", **options, now=sandbox.now())
    sandbox.clock.advance(minutes=1)
    stop = reminder_kit_signed_event(kind, "opted_out", **options, now=sandbox.now())
    kit.receive(*stop)
    sandbox.clock.advance(minutes=1)
    kit.receive(*start)
    assert bool(kit.status()["suppressions"]) is (kind == "vonage")
    assert {event.senders[0] for event in kit.consent(NUMBER).events} == {OURS}


# Who bars, and who lifts


def test_a_start_lifts_neither_what_the_host_barred_nor_a_landline(clinic, sandbox, appointment):
    """The person's START is kept, and changes nothing about either."""
    clinic.suppress(NUMBER, reason="deceased")
    heard(clinic, sandbox, wrote(sandbox, "START"))
    assert parked(sandbox) == []
    assert "barred by the host" in str(clinic.explain("A-1"))
    assert "(api): deceased" in str(clinic.explain("A-1"))
    assert clinic.allow(NUMBER)
    sandbox.outcome(NUMBER, "delivery_failed", "40001")
    clinic.resync()
    sandbox.clock.advance(days=3)
    clinic.resync()
    heard(clinic, sandbox, wrote(sandbox, "START"))
    clinic.sync(appointment("A-2", days=5))
    assert parked(sandbox) == []
    assert clinic.status()["barred_by"] == {"recipient": 0, "host": 0, "provider": 1}
    lifted = clinic.allow(NUMBER)  # the number is another one's phone by now
    assert ([bar.by for bar in lifted.bars], lifted.note) == (["provider"], "")
    clinic.resync()
    assert len(parked(sandbox)) == 1


def test_a_stop_is_lifted_by_the_host_only_on_the_persons_word(clinic, sandbox):
    """Without one the host is told who barred the number, when, and what to do; nothing changes."""
    heard(clinic, sandbox, wrote(sandbox, "Stop texting me"))
    clinic.suppress(NUMBER, reason="asked at the desk, too")
    with pytest.raises(InvalidInputError) as refused:
        clinic.allow(NUMBER)
    assert str(refused.value) == (
        "+12…23 is barred by the recipient since 2026-02-10T14:01:00Z (reply), and only that person takes that back: "
        'have them text START, or say on whose word it is lifted: allow(…, consent="signed form, 12 May"), --consent '
        "on the command line"
    )
    with pytest.raises(InvalidInputError):
        clinic.allow(NUMBER, consent="  ")
    assert clinic.status()["barred_by"] == {"recipient": 1, "host": 1, "provider": 0}
    lifted = clinic.allow(NUMBER, consent="signed form, 12 May", way="front desk")
    assert [bar.by for bar in lifted.bars] == ["recipient", "host"]
    assert "texts START" in lifted.note
    said = [(str(event.act), event.way, event.words) for event in clinic.consent(NUMBER).events if event.lifts_before]
    assert said == [("consent", "front desk", "signed form, 12 May"), ("lift", "front desk", "")]
    clinic.resync()
    assert len(parked(sandbox)) == 1
    assert not clinic.allow(NUMBER)
    assert at_rest(clinic)


def test_what_the_host_lifted_does_not_outlive_the_next_stop(clinic, sandbox):
    """Nor one that happened before the host lifted the first, and comes in after that: nobody knew of it."""
    first, second = wrote(sandbox, "STOP"), wrote(sandbox, "Stop!")
    heard(clinic, sandbox, first)
    sandbox.clock.advance(minutes=5)
    clinic.suppress(NUMBER, reason="asked at the desk, too")
    clinic.allow(NUMBER, consent="by telephone")
    heard(clinic, sandbox, second)
    assert parked(sandbox) == []
    assert len(clinic.consent(NUMBER).bars) == 1


def test_events_are_kept_with_who_when_how_and_in_which_words(clinic, sandbox):
    """Also those that changed nothing, and a word of the host's within its own transaction."""
    heard(clinic, sandbox, wrote(sandbox, "Please stop, thanks"), wrote(sandbox, "start"))
    clinic.suppress(NUMBER, "moved away", way="front desk")
    known = clinic.consent("(202) 555-0123")
    assert [bar.by for bar in known.bars] == ["host"]
    assert [(str(event.by), str(event.act), event.way, event.words) for event in known.events] == [
        ("recipient", "bar", "reply", "Please stop, thanks"),
        ("recipient", "lift", "reply", "start"),
        ("host", "bar", "front desk", "moved away"),
    ]
    first = known.events[0]
    assert (first.occurred_at, first.recorded_at) == (sandbox.now() - timedelta(minutes=1), sandbox.now())
    assert first.senders == (OURS, sandbox.profile)


# What the provider says of a STOP


def test_a_number_that_the_provider_refuses_for_a_stop_is_barred_until_a_start(clinic, sandbox, appointment):
    """Refused as it is parked: nothing more is asked for that number, and after a START the same text goes out."""
    wrote(sandbox, "STOP")  # its webhook is lost
    report = clinic.sync([appointment("A-2", days=4), appointment("A-3", days=4, hours=3)])
    assert {str(change.reason) for change in report.changes if not change.error} <= {"opted_out", "unchanged"}
    assert len(sandbox.parked()) == 0 or [message.to for message in sandbox.parked()] == [NUMBER]
    clinic.resync()
    assert clinic.status()["barred_by"]["recipient"] == 1
    requests = sandbox.request_count
    clinic.sync(appointment("A-4", days=3))
    assert sandbox.request_count == requests
    heard(clinic, sandbox, wrote(sandbox, "START"))
    clinic.resync()
    assert len(parked(sandbox)) == 4
    assert at_rest(clinic)


@pytest.mark.parametrize("way", ["webhook", "answer"])
def test_a_report_of_a_stop_counts_from_when_the_message_was_to_go_out(clinic, sandbox, way):
    """A START between that and the report lifts it; one before it does not."""
    wrote(sandbox, "STOP")  # its webhook is lost
    sandbox.clock.advance(days=2)
    report = [hook for hook in sandbox.hooks.sent if hook.type == "message.finalized"]
    start = wrote(sandbox, "START", after=timedelta(minutes=30))
    if way == "webhook":
        heard(clinic, sandbox, start, *report)
    else:
        heard(clinic, sandbox, start)  # the run looks the message up
    (bar,) = [event for event in clinic.consent(NUMBER).events if event.act == "bar"]
    assert (bar.by, bar.way) == ("recipient", way)
    assert bar.occurred_at < start.occurred_at
    assert clinic.consent(NUMBER).bars == ()


def test_the_providers_list_counts_from_when_it_says(clinic, sandbox):
    """A STOP of the list is older than the START that followed it, however late the list is read."""
    wrote(sandbox, "STOP")
    (row,) = sandbox.opted_out.values()
    start = wrote(sandbox, "START")
    sandbox.opted_out[NUMBER, row.profile] = row  # the list is behind
    heard(clinic, sandbox, start)
    assert clinic.reconcile_opt_outs() == 0
    assert clinic.consent(NUMBER).bars == ()
    wrote(sandbox, "STOP")
    assert clinic.reconcile_opt_outs() == 1
    assert clinic.reconcile_opt_outs() == 0
    assert [event.way for event in clinic.consent(NUMBER).events] == ["list", "reply", "list"]


# For whom it holds


def test_a_stop_holds_for_every_namespace_that_writes_from_the_sender(clinic, shop, sandbox):
    """The other one withdraws with its next run, and sees neither where it was heard nor in which words."""
    other = shop()
    assert len(parked(sandbox)) == 2
    heard(clinic, sandbox, wrote(sandbox, "Leave me alone, thanks"))
    other.resync()
    assert parked(sandbox) == []
    shown = str(other.explain("S-1"))
    assert "opted out at this sender since 2026-02-10T14:01:00Z" in shown
    known = other.consent(NUMBER)
    assert ([bar.said for bar in known.bars], known.events) == (
        ["opted out at this sender since 2026-02-10T14:01:00Z"],
        (),
    )
    assert other.status()["barred_by"]["recipient"] == 1
    with pytest.raises(InvalidInputError, match=r"is opted out at this sender since 2026-02-10T14:01:00Z, and only"):
        other.allow(NUMBER)
    other.allow(NUMBER, consent="signed the shop's form")
    other.resync()
    clinic.resync()
    assert len(parked(sandbox)) == 1  # what was signed for the shop lifts nothing for the clinic
    heard(other, sandbox, wrote(sandbox, "START"))
    clinic.resync()
    assert len(parked(sandbox)) == 2


def test_another_sender_goes_on_and_what_a_host_barred_is_its_own(clinic, shop, sandbox):
    """Who writes from another number is not concerned, neither by a STOP nor by another host's word."""
    other = shop(OTHERS)
    heard(clinic, sandbox, wrote(sandbox, "STOP"))
    other.resync()
    assert parked(sandbox) == [OTHERS]
    clinic.allow(NUMBER, consent="by telephone")
    clinic.suppress(NUMBER)
    other.resync()
    assert parked(sandbox) == [OTHERS]
    assert other.status()["suppressions"] == 0


@pytest.mark.parametrize("heard_by", ["clinic", "shop"])
def test_a_stop_holds_for_the_whole_pool_of_the_number(make_kit, shop, sandbox, appointment, heard_by):
    """Numbers of one messaging profile are one sender, as they are for the provider."""
    clinic = make_kit(provider=provider(sandbox, OURS, sandbox.profile))
    clinic.sync(appointment())
    other = shop(None, sandbox.profile)
    kits = {"clinic": clinic, "shop": other}
    assert len(parked(sandbox)) == 2
    heard(kits[heard_by], sandbox, wrote(sandbox, "STOP", to=OURS if heard_by == "clinic" else "+12025550142"))
    for kit in kits.values():
        kit.resync()
    assert parked(sandbox) == []


def test_a_host_that_moves_to_another_sender_goes_on_to_obey(clinic, make_kit, sandbox, appointment):
    """Who told the clinic to stop is not written to from its next number, until a START comes there."""
    heard(clinic, sandbox, wrote(sandbox, "STOP"))
    moved = make_kit(provider=provider(sandbox, OTHERS))
    moved.sync(appointment("A-2", days=4))
    assert parked(sandbox) == []
    heard(moved, sandbox, wrote(sandbox, "START", to=OTHERS))
    assert set(parked(sandbox)) == {OTHERS}


# What is unclear


UNCLEAR = "stop the morning ones only"


def test_what_is_unclear_is_told_and_waits_for_a_person(clinic, sandbox):
    """By default reminders go on; the host hears of it, and it is listed until somebody has seen it."""
    told = []
    clinic.on("*", lambda event: told.append((event.type, event.text)))
    heard(clinic, sandbox, wrote(sandbox, UNCLEAR))
    assert told == [("received", UNCLEAR), ("unclear_reply", UNCLEAR)]
    assert len(parked(sandbox)) == 1
    (item,) = clinic.attention()
    assert (item.kind, [member.error for member in item.affected]) == ("unclear_reply", [UNCLEAR])
    assert UNCLEAR not in f"{item} {item!r}"
    assert NUMBER not in f"{item} {item!r}"
    assert clinic.attention(seen=item.id) == ()
    assert clinic.resync().attention == ()
    assert [str(event.act) for event in clinic.consent(NUMBER).events] == ["unclear", "seen"]


def test_who_is_held_for_an_unclear_reply_is_barred_by_the_providers_list(make_kit, sandbox, appointment):
    """What is unclear only holds messages back; the list is certain, and its word stays once the reply was seen."""
    kit = make_kit(provider=provider(sandbox), unclear="hold")
    kit.sync(appointment())
    heard(kit, sandbox, wrote(sandbox, UNCLEAR))
    wrote(sandbox, "STOP")  # whose webhook never comes
    assert kit.reconcile_opt_outs() == 1
    for item in kit.attention():
        kit.attention(seen=item.id)
    assert [str(change.reason) for change in kit.sync(appointment("A-3", days=4)).changes] == ["opted_out"]


@pytest.mark.parametrize("answer", ["seen", "START", "allow"])
def test_what_is_unclear_may_hold_all_until_it_was_seen(make_kit, sandbox, appointment, answer):
    """With `unclear = "hold"` what is parked is withdrawn and waits, and goes out once somebody has seen it."""
    kit = make_kit(provider=provider(sandbox), unclear="hold")
    kit.sync([appointment(), appointment("A-2", days=30)])
    heard(kit, sandbox, wrote(sandbox, UNCLEAR))
    assert parked(sandbox) == []
    report = kit.sync(appointment("A-3", days=4))
    assert [(str(change.kind), str(change.reason)) for change in report.changes] == [("hold", "unclear_reply")]
    assert summed(kit.resync()) == {"hold": 3}
    assert at_rest(kit)
    (item,) = kit.attention()
    assert "nothing goes to that number" in item.what
    assert "nobody has seen it yet" in str(kit.explain("A-1"))
    if answer == "seen":
        kit.attention(seen=item.id)
    elif answer == "START":
        heard(kit, sandbox, wrote(sandbox, "START"))
    else:
        kit.allow(NUMBER)
    kit.resync()
    assert len(parked(sandbox)) == 2
    assert kit.attention() == ()


def test_what_waited_too_long_for_a_person_is_skipped_by_that_name(make_kit, sandbox, appointment):
    """Past the last instant at which it could go out, a reminder that was held is skipped, and says why."""
    kit = make_kit(provider=provider(sandbox), unclear="hold")
    kit.sync(appointment())
    heard(kit, sandbox, wrote(sandbox, UNCLEAR))
    sandbox.clock.advance(days=2, hours=12)
    assert summed(kit.resync()) == {"hold": 1}
    sandbox.clock.advance(hours=12)
    (change,) = kit.resync().changes
    assert (str(change.kind), str(change.reason)) == ("skip", "unclear_reply")
    kit.attention(seen=kit.attention()[0].id)
    assert kit.resync().ok
    assert sandbox.messages()[0].status == "cancelled"
    assert len(sandbox.messages()) == 1


def test_several_unclear_replies_of_a_number_are_one_item(clinic, sandbox):
    """Each is a member with its words; a clear STOP afterwards leaves nothing to be looked at."""
    heard(clinic, sandbox, wrote(sandbox, UNCLEAR), wrote(sandbox, "STOP 12345"))
    (item,) = clinic.attention()
    assert [member.error for member in item.affected] == [UNCLEAR, "STOP 12345"]
    heard(clinic, sandbox, wrote(sandbox, "STOP"))
    assert clinic.attention() == ()
    assert parked(sandbox) == []


def test_a_hosts_keyword_is_never_unclear(make_kit, sandbox, appointment):
    """What the host has a name for is that, whatever else it may look like."""
    kit = make_kit(provider=provider(sandbox), replies={"late": ["no more time"]})
    kit.sync(appointment())
    told = []
    kit.on("*", lambda event: told.append(event.type))
    heard(kit, sandbox, wrote(sandbox, "No more time"))
    assert told == ["received", "late"]
    assert kit.attention() == ()
