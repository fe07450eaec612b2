"""Gaps: no text says "Hi ," where a name should be, unless its rule wants it so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Appointment, Recipient, Rule
from reminder_kit.errors import InvalidRuleError
from tests.factories import NUMBER, START

NAMELESS = Appointment(
    "A-1",
    START + timedelta(days=3),
    recipients=[Recipient(NUMBER)],
    data={"room": " ", "desk": None, "first": "Ada", "last": "", "list": ["a", "\u200b"]},
)
HI = "Hi {{ recipient.name }}, see you {{ when }}."


@pytest.fixture
def made(make_kit):
    def make(text=HI, **options):
        return make_kit([Rule("r", before="24 hours", text=text, **options)])

    return make


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (HI, "recipient.name"),
        ("{{ recipient }}, see you {{ recipient.name | upper | trim }}.", "recipient.name"),
        ("{{ recipient.name.strip() }} at {{ appointment.location }}", "appointment.location"),
        ("Room {{ data.room }}", "data.room"),
        ("Room {{ data['desk'] }}", "…"),
        ("Ends {{ appointment.ends_at | time }}", "appointment.ends_at"),
        ("{% for visit in appointments %}{{ visit.recipient.name }}{% endfor %}", "visit.recipient.name"),
        ("{% set x %}{{ appointment.title }}{% endset %}x{{ x }}", "appointment.title"),
        ("{{ appointment.tags | join(', ') }}", "appointment.tags"),
        ("Hi {{ recipient }}, {{ when }}", "recipient.name"),
        ("Hi {{ recipient | title }}, {{ when }}", "recipient.name"),
        ("{{ appointment }} {{ when }}", "appointment.title"),
        ("{{ appointments[0].recipient }} {{ when }}", "….recipient.name"),
        ("{% for who in appointment.recipients %}{{ who }}{% endfor %}", "who.name"),
        ("{% for visit in appointments %}{{ visit | upper }}{% endfor %}", "visit.title"),
        ("{% for x in data.list %}{{ x }}{% endfor %}", "x"),
        ("{% for k, v in data.items() %}{{ k }} {{ v }}{% endfor %}", "v"),
        ("{{ recipient.name ~ '!' }}", "recipient.name"),
        ("{{ data.first ~ ' ' ~ data.last }}!", "data.last"),
        ("{{ 'Hi ' ~ (recipient ~ ', ') }}", "recipient.name"),
    ],
)
def test_a_gap_is_an_error_that_names_what_is_missing(made, text, what):
    kit = made(text)
    (change,) = kit.plan(NAMELESS).changes
    assert (change.kind, change.reason) == ("skip", "template_error")
    assert f"{what} is empty" in change.error
    assert 'empty = "blank"' in change.error


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hi {{ recipient.name or 'there' }}.", "Hi there."),
        ("Hi {{ recipient.name | default('there', true) }}.", "Hi there."),
        ("Hi{{ recipient.name | default('') }}.", "Hi."),
        ("Hi{% if recipient.name %} {{ recipient.name }}{% endif %}.", "Hi."),
        ("Hi{{ ' ' ~ recipient.name if recipient.name }}.", "Hi."),
        ("Hi{{ ' ' + recipient.name }}.", "Hi ."),
        ("{% macro nobody() %}{% endmacro %}Hi{{ nobody() }}.", "Hi."),
        ("{% set name = '' %}Hi{{ name }}.", "Hi."),
        ("{% set recipient = '' %}Hi{{ recipient }}.", "Hi."),
        ("{% macro hi(recipient) %}Hi{{ recipient }}{% endmacro %}{{ hi('') }}.", "Hi."),
        ("{% with appointment = '' %}Hi{{ appointment }}.{% endwith %}", "Hi."),
        ("{% for x in ['', 'Hi.'] %}{{ x }}{% endfor %}", "Hi."),
        ("{% set all = ['', 'Hi.'] %}{% for x in all %}{{ x }}{% endfor %}", "Hi."),
        ("{% for x in 'Hi.  '.split(' ') %}{{ x }}{% endfor %}", "Hi."),
        ("{{ data.first ~ (' ' ~ data.last if data.last) ~ '!' }}", "Ada!"),
        ("{{ data.first ~ (data.last or '') ~ '!' }}", "Ada!"),
        ("{{ (data.first ~ ' ' ~ data.last) | trim }}!", "Ada!"),
        ("{{ recipient.name ~ '' if recipient.name else 'Hi.' }}", "Hi."),
        ("Hi{% if recipient.phone %}{{ recipient.name or '' }}{% endif %}.", "Hi."),
    ],
)
def test_what_the_template_itself_leaves_out_is_no_gap(made, text, said):
    (change,) = made(text).plan(NAMELESS).changes
    assert change.text == said


@pytest.mark.parametrize(("empty", "said"), [("blank", "Hi , "), ("friend", "Hi friend, ")])
def test_a_rule_may_say_what_then(made, empty, said):
    (change,) = made(empty=empty).plan(NAMELESS).changes
    assert change.text.startswith(said)


@pytest.mark.parametrize("empty", ["", "  ", None, 3])
def test_what_says_nothing_is_refused(empty):
    with pytest.raises(InvalidRuleError, match=r"rule 'r': empty is \"error\", \"blank\" or what to say instead"):
        Rule("r", before="24 hours", text=HI, empty=empty)


def test_a_text_may_be_spelled_out(make_kit, sandbox, appointment):
    """Letter by letter, of which some are blanks."""
    kit = make_kit([Rule("r", before="24 hours", text="{% for letter in recipient.name %}{{ letter }}-{% endfor %}")])
    kit.sync(appointment(name="Al B"))
    assert [message.text for message in sandbox.parked()] == ["A-l- -B-"]


@pytest.mark.parametrize(
    "name",
    ["", "   ", "\u200b", "\0", " \u00a0\u2007", "\u3164", "\u200d\ufeff\u00ad", "\n\t", "\ufe0f", "\u17b4", "\ufffe"],
)
def test_a_name_in_which_nothing_shows_is_none(made, name):
    """It is no name that `or` passes on, nor one that "if" finds; nor are a title and a location of that kind."""
    text = "Hi {{ recipient.name or 'there' }}{% if appointment.location %} at {{ appointment.location }}{% endif %}: "
    text += "{{ appointment.title | default('a visit', true) }}."
    (change,) = (
        made(text).plan(evolve(NAMELESS, recipients=[Recipient(NUMBER, name=name)], location=name, title=name)).changes
    )
    assert change.text == "Hi there: a visit."
    (change,) = (
        made("Hi {{ recipient }}, {{ when }}.")
        .plan(evolve(NAMELESS, recipients=[Recipient(NUMBER, name=name)]))
        .changes
    )
    assert "recipient.name is empty" in change.error


@pytest.mark.parametrize("name", [".", "-", "\u0301", "\U0001f600", "X\u200b", "\u5f20", "\ue000"])
def test_a_name_in_which_anything_shows_is_one(made, name):
    """Whatever its script: a sign, a mark, a picture."""
    (change,) = (
        made("{{ recipient.name or 'nobody' }}|{{ recipient }}")
        .plan(evolve(NAMELESS, recipients=[Recipient(NUMBER, name=name)]))
        .changes
    )
    assert change.text == f"{name}|{name}"


def test_subject_and_pictures_have_no_gaps_either(made):
    kit = made(
        "See you {{ when }}.", channel="mms", subject="For {{ recipient.name }}", media_urls=["https://a.example/x"]
    )
    (change,) = kit.plan(NAMELESS).changes
    assert "recipient.name is empty" in change.error


def test_a_rule_without_it_keeps_its_version():
    """No ledger looks at everything anew for a key that nobody used."""
    assert Rule("r", before="24 hours", text=HI).version == Rule("r", before="24 hours", text=HI, empty="error").version
    assert Rule("r", before="24 hours", text=HI).version != Rule("r", before="24 hours", text=HI, empty="blank").version


def test_what_is_parked_stays_and_a_person_is_told(made, make_kit, sandbox):
    """A message parked with a gap by an older rule is not withdrawn; a name that is emptied leaves it, too."""
    named = evolve(NAMELESS, recipients=[Recipient(NUMBER, name="Ada")])
    kit = made()
    kit.sync(named)
    kit.sync(NAMELESS)
    (parked,) = sandbox.parked()
    assert parked.text.startswith("Hi Ada, ")
    kit.sync(evolve(NAMELESS, id="A-2", starts_at=START + timedelta(days=4)))
    (item,) = [item for item in kit.attention() if item.kind == "text"]
    assert "A-2" in [member.identity.id for member in item.affected]
