"""The page as people see it: days, people, what waits, the health of the job, the rules; and what they may do."""

from __future__ import annotations

import re

import pytest

from reminder_kit.errors import LedgerError
from tests.factories import NUMBER, visit

BEN = "+12025550177"


def test_a_day_shows_who_was_told_what(told, browser):
    """Appointments by time with name, title, place and how each reminder stands; numbers are masked."""
    page = browser().get("/day/2026-02-12")
    assert page.status == 200
    for part in ("Thursday 12 February 2026", "09:00 Ada", "Check-up", "delivered day-before", "parked hour-before"):
        assert part in page.text
    assert page.text.index("Ada") < page.text.index("Ben") < page.text.index("Room 2")
    assert NUMBER not in page.html
    assert browser().get("/").text.count("No appointment is recorded for this day") == 1


def test_an_empty_ledger_has_every_page(kit, browser):
    """Before anything is recorded each page says so, and makes no ledger."""
    for path in ("/", "/attention", "/health", "/rules"):
        assert browser().get(path).status == 200
    assert kit.ledger.check_schema() == "absent"


def test_a_day_of_many_is_read_in_pages(kit, browser):
    """A hundred at once, and an address, without names, that leads to the rest."""
    kit.record([visit(f"A-{number:03}", hour=9 + number % 8) for number in range(130)])
    page = browser().get("/day/2026-02-12")
    assert page.html.count("<tr") == 101
    further = page.html.partition('<p><a href="')[2].partition('">More')[0]
    rest = browser().get(further)
    assert rest.html.count("<tr") == 31
    assert "More of this day" not in rest.html


@pytest.mark.parametrize("path", ["/nope", "/day/x", "/day/2026-02-30", "/person/9.0", "/person/1.7", "/person/x"])
def test_what_is_not_there_is_a_page_that_says_so(told, browser, path):
    """An address that leads nowhere is a 404, in words."""
    page = browser().get(path)
    assert (page.status, "That did not work" in page.text) == (404, True)


@pytest.mark.parametrize(("asked", "found"), [("ben", "Ben"), ("(202) 555-0177", "Ben"), ("LOVE", None), ("b", None)])
def test_people_are_found_by_name_and_number(told, browser, asked, found):
    """Searches are posted; a number leads to its person at once."""
    page = browser().send("/search", q=asked)
    assert page.status == 200
    assert ("Ben" in page.text) == (found is not None)


def test_a_person_has_every_message_in_full(told, browser):
    """Texts, when and why, the appointment; what the person wrote, and who bars the number."""
    page = browser().get("/person/1.0")
    for part in ("Ada", "+1 202-555-0123", "Check-up tomorrow at 9:00 AM", "delivered", "Soon: today at 9:00 AM"):
        assert part in page.text
    assert "Ben" not in page.text
    told.suppress(NUMBER, "asked at the desk")
    page = browser().get("/person/1.0")
    assert "nothing is sent to this number" in page.text
    assert "asked at the desk" in page.text


def test_each_look_at_a_person_is_noted(told, browser):
    """With who it was; the person is told of it who asks what is kept."""
    browser(who="ben@clinic").get("/person/1.0")
    browser().send("/search", q=NUMBER)
    assert [(look["who"], look["act"]) for look in told.person(NUMBER)["looks"]] == [
        ("ben@clinic", "looked"),
        ("ada@clinic", "looked"),
    ]
    assert told.person(BEN)["looks"] == []


def test_nothing_can_be_done_unless_it_is_allowed(told, browser):
    """Neither the page nor the visitor may have actions: no form is shown, and none is taken."""
    for who in (browser(), browser(actions=True, may_act=False)):
        assert "Send nothing" not in who.get("/person/1.0").html
        assert who.send("/act", act="suppress", number=NUMBER).status == 403
    assert told.status().suppressions == 0


def test_a_number_is_barred_and_allowed_from_the_page(told, browser, sandbox):
    """What is parked is withdrawn at once; who did it is noted, with the words."""
    desk = browser(actions=True)
    page = desk.send("/act", act="suppress", number=NUMBER, words="rang us")
    assert "Nothing is sent to this number any more" in page.text
    assert [message.to for message in sandbox.parked()] == [BEN]
    assert [event.way for event in told.consent(NUMBER).events] == ["page"]
    assert "Messages are allowed again" in desk.send("/act", act="allow", number=NUMBER).text
    assert "was not barred" in desk.send("/act", act="allow", number=NUMBER).text
    acts = [look["act"] for look in told.person(NUMBER)["looks"]]
    assert acts == ["suppress", "allow", "allow: not done"]


def test_a_stop_is_lifted_only_on_somebodys_word(told, browser, sandbox):
    """The page says so in the words of the kit, and lifts it with a consent."""
    told.receive(*sandbox.inbound(NUMBER, "STOP").as_sent(sandbox.now()))
    desk = browser(actions=True)
    assert "consent" in desk.send("/act", act="allow", number=NUMBER).text
    assert told.consent(NUMBER).bars
    assert "allowed again" in desk.send("/act", act="allow", number=NUMBER, words="signed form").text
    assert not told.consent(NUMBER).bars


def test_an_appointment_is_kept_out_from_the_page(told, browser, sandbox):
    """Nothing more is sent about it; the other's message stays."""
    page = browser(actions=True).send("/act", act="skip", number=NUMBER, row="1")
    assert "Nothing is sent about this appointment any more" in page.text
    assert [message.to for message in sandbox.parked()] == [BEN]
    assert told.person(NUMBER)["looks"][-1]["id"] == "A-1"


def test_a_message_is_sent_again_from_the_page(told, browser, sandbox):
    """One new message in true words; while it is parked there is no second one."""
    desk = browser(actions=True)
    form = re.search(r'name="message" value="([0-9a-f]+)"', desk.get("/person/1.0").html)
    wanted = {"act": "again", "number": NUMBER, "message": form[1], "provider": "telnyx"}
    page = desk.send("/act", **wanted)
    assert "It is sent once more: “Check-up tomorrow at 9:00 AM”" in page.text
    assert len([message for message in sandbox.parked() if message.to == NUMBER]) == 2
    assert "is parked: it goes out by itself" in desk.send("/act", **wanted).text
    assert "not recorded any more" in desk.send("/act", **{**wanted, "message": "0"}).text
    assert "message is not recorded any more" in desk.send("/act", act="again", row="1").text
    assert told.person(NUMBER)["looks"][-2]["act"] == "again: not done"


def test_what_waits_is_tried_from_the_page(told, browser):
    """One appointment, or all that waits; an item is marked as seen."""
    desk = browser(actions=True)
    assert "Tried: " in desk.send("/act", act="retry", number=NUMBER, row="1").text
    assert "not recorded any more" in desk.send("/act", act="retry", number=NUMBER, row="99").text
    assert "Tried: " in desk.send("/act", act="retry_all").text
    assert "nothing waits under the name" in desk.send("/act", act="seen", item="nothing").text
    assert "there is no such action" in desk.send("/act", act="explode", number=NUMBER).text


def test_what_waits_for_a_person_is_listed_with_its_remedy(kit, browser):
    """Each item with whom it concerns by name; seen ones stay, marked."""
    kit.sync(visit("A-1", phone="12"))
    page = browser(actions=True).get("/attention")
    (item,) = kit.attention()
    assert "no message can reach the number" in page.text
    assert "correct the phone number" in page.text
    assert "Check-up" in page.text
    shown = browser(actions=True).send("/act", act="seen", item=item.id)
    assert "number, seen" in shown.text


def test_the_health_of_the_job_is_shown(told, browser):
    """Runs with what they did, messages by day as a plot, rates by rule; what stands open."""
    page = browser().get("/health")
    assert "Last batch job: Wed 11 Feb 17:00" in page.text
    assert "Parked at telnyx: 2 of 1000000 at most" in page.text
    assert '<svg class="plot"' in page.html
    assert "11: 2 delivered" in page.text
    assert "day-before 2 100%" in page.text
    assert re.search(r"17:00 \d+\.\d .*2 keep", page.text)
    assert re.search(r"telnyx: \d+ requests?, [\d.]+ s each, [\d.]+ s the slowest", page.text)


def test_rules_are_shown_as_people_read_them(kit, browser):
    """Each rule's text for a made-up appointment, and how many parts it takes."""
    page = browser().get("/rules")
    assert "Dental check-up tomorrow at 2:30 PM" in page.text
    assert "Soon: today at 2:30 PM" in page.text
    assert "1 part" in page.text


EVIL = '<script>alert("x")</script>\u202e\x1b[2J\'"'


def test_hostile_words_are_only_words(kit, browser, sandbox):
    """Names, titles, places and replies are escaped everywhere; what turns or hides text is shown as an escape."""
    kit.sync(visit("A-1", name=EVIL, title=EVIL, location=EVIL))
    sandbox.clock.advance(days=1, hours=8)
    kit.receive(*sandbox.inbound(NUMBER, EVIL).as_sent(sandbox.now()))
    desk = browser(actions=True)
    for page in (
        desk.get("/day/2026-02-12"),
        desk.get("/person/1.0"),
        desk.send("/search", q=EVIL),
        desk.get("/attention"),
    ):
        assert "<script>alert" not in page.html
        assert "\u202e" not in page.html
        assert "\x1b" not in page.html


def test_a_ledger_that_can_not_be_read_is_said(told, browser, monkeypatch):
    """The page says what is wrong in the words of the kit, with a status that tells a monitor."""

    def broken(_question):
        raise LedgerError("the disk is gone: mount it")

    monkeypatch.setattr(told.ledger, "read", broken)
    page = browser().get("/")
    assert (page.status, "the disk is gone: mount it" in page.text) == (503, True)


def test_other_methods_are_refused_and_head_has_no_body(told, browser):
    """A page is looked at, or a form of it is posted."""
    from reminder_kit.page.asked import Asked
    from reminder_kit.transport.blocking import run_blocking

    desk = browser().desk
    assert run_blocking(desk.answer(Asked("DELETE", "/"))).status == 405
    head = run_blocking(desk.answer(Asked("HEAD", "/")))
    assert (head.status, head.body) == (200, b"")
