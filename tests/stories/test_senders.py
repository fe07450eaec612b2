"""Several senders: each message goes from the first that is for it and may send it; what none may is refused."""

from __future__ import annotations

import jsonschema
import pytest
from attrs import evolve

from reminder_kit import Recipient, Rule
from reminder_kit.config.json_schema import file_schema
from reminder_kit.config.loading import load
from reminder_kit.errors import ConfigurationError
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.providers.twilio import Twilio
from tests.factories import NUMBER, SENDER, at_rest, visit

TORONTO, BERLIN = "+14165550123", "+4915123456789"
CANADIAN = "+14165550100"
PROFILE = "16fd2706-8baf-433b-82eb-8c7fada847da"
DAY = Rule("day", before="24 hours", text="{{ appointment.title }} {{ when }}")
PICTURE = Rule("picture", before="3 hours", text="x", channel="mms", media_urls=["https://clinic.example/map.png"])


def telnyx(sender):
    return Telnyx(api_key="KEY", from_=sender, messaging_profile_id=PROFILE)


def row(sender, **changes):
    return {"provider": telnyx(sender), **changes}


def senders(sandbox):
    """Return from whom each number is written to."""
    return {(message.to, message.from_) for message in sandbox.parked()}


@pytest.mark.parametrize(
    "condition",
    [
        {"country": "ca"},
        {"country": ["CA", "DE"], "channel": "sms"},
        {"source": "north"},
        {"location": "* Toronto"},
        {"source": "north", "location": ["9 Bay *", "Ottawa"], "rule": ["day"]},
    ],
    ids=str,
)
def test_the_first_that_is_for_a_message_sends_it(make_kit, sandbox, condition):
    """By country, source, location, channel and rule; everything else goes from the usual sender."""
    kit = make_kit([DAY], senders=[row(CANADIAN, **condition), row("+14165550111", rule="another")])
    there = visit("B", phone=TORONTO, source="north", location="9 Bay Street, Toronto")
    kit.sync([visit("A")])
    kit.sync([there])
    assert senders(sandbox) == {(NUMBER, SENDER), (TORONTO, CANADIAN)}
    assert at_rest(kit)
    assert f"sent from {CANADIAN}" in kit.explain("B").reminders[0].steps
    kit.withdraw("B")
    assert senders(sandbox) == {(NUMBER, SENDER)}


def test_another_table_replaces_what_goes_from_another_sender(make_kit, sandbox):
    """And nothing else; the cause is the sender."""
    make_kit([DAY]).sync([visit("A"), visit("B", phone=TORONTO)])
    kit = make_kit([DAY], senders=[row(CANADIAN, country="CA")])
    report = kit.resync()
    assert {change.identity.id: change.causes for change in report.changes} == {"A": (), "B": ("sender",)}
    assert senders(sandbox) == {(NUMBER, SENDER), (TORONTO, CANADIAN)}
    assert at_rest(kit)


def test_what_stopped_one_sender_is_over_once_it_is_mended(make_kit, sandbox):
    """Whichever process finds out: all that waited goes from that sender in the same run."""
    given = {"senders": [row(CANADIAN, country="CA")], "concurrency": 1}
    sandbox.fault("error", None, method="POST", status=403, code="40309", containing='"+1416')
    numbers = [f"+1416555{number:04}" for number in range(130, 134)]
    report = make_kit([DAY], **given).sync([visit(f"V{one}", phone=one) for one in numbers])
    assert {change.reason.value for change in report.changes} == {"waiting_account"}
    asked = len(sandbox.requests)
    make_kit([DAY], **given).sync(visit("B", phone=TORONTO))
    assert len(sandbox.requests) == asked
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=6)
    make_kit([DAY], **given).resync()
    assert senders(sandbox) == {(one, CANADIAN) for one in (*numbers, TORONTO)}


def test_a_sender_that_may_not_write_there_is_passed_over(make_kit, sandbox):
    """A name is for all, and numbers of the United States, and pictures, go from the number."""
    kit = make_kit([DAY, PICTURE], senders=[row("Clinic", rule=["day", "picture"])])
    people = [Recipient(NUMBER), Recipient(BERLIN)]
    kit.sync(evolve(visit("A"), recipients=people))
    assert {(message.to, message.type, message.from_) for message in sandbox.parked()} == {
        (NUMBER, "SMS", SENDER), (BERLIN, "SMS", "Clinic"), (NUMBER, "MMS", SENDER), (BERLIN, "MMS", SENDER),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sender", "condition", "said"),
    [
        ("Clinic", {"country": ["DE", "US"]}, "the sender 'Clinic' is a name, and no carrier of US takes"),
        ("Clinic", {"channel": "mms"}, "the sender 'Clinic' sends no MMS"),
        (SENDER, {"country": "CA"}, "is named twice"),
    ],
    ids=["a name to the US", "a name's pictures", "twice"],
)
def test_what_a_sender_may_not_do_is_refused_as_the_kit_is_made(make_kit, sender, condition, said):
    """With the reason, before anything is asked."""
    with pytest.raises(ConfigurationError, match=said):
        make_kit([DAY], senders=[row(sender, **condition)])


def test_a_name_for_a_country_that_takes_none_is_refused(make_kit):
    """Where numbers without a code are American; a number for that country makes it right."""
    with pytest.raises(ConfigurationError, match=r"no carrier of US takes messages from names.*default_region is 'US'"):
        make_kit([DAY], provider=telnyx("Clinic"))
    make_kit([DAY], provider=telnyx("Clinic"), senders=[row(SENDER, country="US")])


def test_who_can_t_be_written_to_is_told_by_the_plan(make_kit, sandbox):
    """No request is made for a number that the name can't reach."""
    kit = make_kit([DAY], provider=telnyx("Clinic"), default_region="DE")
    before = sandbox.request_count
    assert [change.reason.value for change in kit.plan(visit("A")).changes] == ["quarantined"]
    (change,) = kit.sync(visit("A")).changes
    assert "no carrier of US takes messages from names" in change.error
    assert sandbox.request_count == before


def test_the_fallback_has_what_its_own_sender_may(make_kit, sandbox):
    """A name's fallback, which is a number, writes where the name can't; other senders are no matter of it."""
    kit = make_kit(
        [DAY],
        provider=telnyx("Clinic"),
        default_region="DE",
        fallback=telnyx(SENDER),
        senders=[row(CANADIAN, country="CA")],
    )
    assert kit.settings.fallback.not_to == {}
    assert kit.settings.fallback.others == ()
    assert "US" in kit.settings.not_to


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([{"provider": telnyx(CANADIAN)}], r"senders\[1\] does not say what it is for"),
        ([{"country": "CA"}], r"senders\[1\] must be a table with a provider"),
        ([{"provider": telnyx(CANADIAN), "country": "Canada"}], "unknown country 'CANADA'"),
        ([{"provider": telnyx(CANADIAN), "channel": "fax"}], "channel cannot be 'fax'"),
        ([{"provider": telnyx(CANADIAN), "city": "Toronto"}], "unknown key 'city'"),
        ([{"provider": telnyx(CANADIAN), "rule": []}], "rule is empty"),
        ([{"provider": Twilio("AC" + "1" * 32, "x", "MG" + "2" * 32, CANADIAN), "country": "CA"}], "is of twilio"),
        (5, "senders must be a list of tables"),
    ],
    ids=["nothing", "no provider", "country", "channel", "key", "empty", "another provider", "no list"],
)
def test_what_cannot_be_meant_is_refused_by_name(make_kit, given, said):
    """The error names the row, the key and what would be right."""
    with pytest.raises(ConfigurationError, match=said):
        make_kit([DAY], senders=given)


HEAD = f"""
[[rules]]
id = "day"
before = "24 hours"
text = "See you {{{{ when }}}}."
[provider]
name = "telnyx"
messaging_profile_id = "{PROFILE}"
from = """
USUAL = '{from = "+12025550100"}'
ROWS = f'[{{from = "{CANADIAN}", country = ["CA"]}}, {{from = "Clinic", country = "DE", channel = "sms"}}, {USUAL}]'


def test_a_file_has_them_as_a_table(tmp_path):
    """The row that says nothing but `from` is the usual sender; the schema takes what the loader takes."""
    file = tmp_path / "reminders.toml"
    file.write_text(HEAD + ROWS)
    config = load(file)
    assert config.provider().sender == "+12025550100"
    assert [(one["provider"].sender, one["country"]) for one in config.arguments()["senders"]] == [
        (CANADIAN, ["CA"]),
        ("Clinic", "DE"),
    ]
    jsonschema.validate({"provider": {"name": "telnyx", "from": config.provider_table["from"]}}, file_schema())


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ('[{from = "+14165550100", country = "CA"}]', "has 0 senders for all that no other is for"),
        (f'[{{from = "+14165550100"}}, {USUAL}]', "has 2 senders for all"),
        (
            f'[{{from = "Clinic", country = ["DE", "CA"]}}, {USUAL}]',
            r"from\[1\]: the sender 'Clinic' is a name, and no",
        ),
        ('[{country = "CA"}]', r"from\[1\] must be a table"),
        (f'[{{from = "+14165550100", lang = "fr"}}, {USUAL}]', "unknown key 'lang'"),
    ],
)
def test_a_file_s_table_that_cannot_be_meant_names_itself(tmp_path, rows, said):
    """File, key and row are named."""
    file = tmp_path / "reminders.toml"
    file.write_text(HEAD + rows)
    with pytest.raises(ConfigurationError, match=said):
        load(file)


DENTAL, EYES = "+12025550111", "+12025550122"
CONFIRMABLE = {"unless": {"replied": ["confirm"]}}


@pytest.fixture
def practice(make_kit, sandbox, appointment):
    """Return a kit whose departments write from numbers of their own, and a way to have Ada answer one of them."""
    rules = [
        Rule("day", before="24 hours", text="Reply C. {{ when }}", **CONFIRMABLE),
        Rule("hour", before="2 hours", text="Soon: {{ when }}", **CONFIRMABLE),
    ]
    departments = [row(DENTAL, source="dental"), row(EYES, source="eyes")]
    provider = Telnyx(api_key="KEY", from_=SENDER, public_key=sandbox.public_key)
    kit = make_kit(rules, provider=provider, senders=departments, replies={"confirm": ["C"]})
    kit.sync([appointment("D", source="dental"), appointment("E", source="eyes", hours=1)])

    def answer(number, text="C"):
        return kit.receive(*sandbox.inbound(NUMBER, text, to=number).as_sent(sandbox.now()))

    return kit, answer


@pytest.mark.parametrize(("number", "left"), [(DENTAL, {EYES}), (EYES, {DENTAL}), (SENDER, {DENTAL})])
def test_a_reply_is_about_what_the_sender_wrote_that_it_was_sent_to(practice, sandbox, number, left):
    """Not about what another department wrote after it; one that wrote nothing is answered for who wrote last."""
    kit, answer = practice
    sandbox.clock.advance(days=2, hours=1, minutes=30)
    answer(number)
    kit.resync(only_dirty=True)
    assert {message.from_ for message in sandbox.parked()} == left
