"""The provider's list of opt-outs is read where it can be, so that a missed webhook writes to nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reminder_kit.errors import ConfigurationError, InvalidInputError, ProviderError
from reminder_kit.ports import OptOuts, Response
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from tests.factories import NUMBER


def test_who_opted_out_while_no_webhook_came_is_left_alone(kit, sandbox, appointment):
    """A number on the provider's list of opt-outs is suppressed, and its parked message cancelled."""
    kit.sync([appointment("A-1"), appointment("A-2", phone="+12025550124")])
    sandbox.inbound(NUMBER, "STOP")
    assert kit.reconcile_opt_outs() == 1
    assert kit.resync(only_dirty=True).summary["cancel"] == 1
    assert [item.to for item in sandbox.parked()] == ["+12025550124"]
    assert kit.reconcile_opt_outs() == 0
    assert list(kit.ledger.read(lambda reader: reader.suppressions())) == [NUMBER]


def test_who_is_barred_by_the_host_has_a_word_of_their_own(kit, sandbox):
    """The list's word is the person's: once the host allows the number again, it is still barred."""
    kit.suppress(NUMBER, "moved away")
    sandbox.inbound(NUMBER, "STOP")
    kit.reconcile_opt_outs()
    with pytest.raises(InvalidInputError, match="barred by the recipient"):
        kit.allow(NUMBER)


def test_it_is_asked_no_more_often_than_wanted(kit, sandbox):
    """With `not_within` the provider's list is read once in that time, however often it is called."""
    hour = timedelta(hours=1)
    for minutes, asked in ((0, 1), (59, 1), (2, 2)):
        sandbox.clock.advance(minutes=minutes)
        kit.reconcile_opt_outs(not_within=hour)
        assert sandbox.request_count == asked


def test_after_a_clock_that_was_ahead_it_is_asked_at_once(make_kit, sandbox):
    """What that clock wrote down as the last time has not been yet."""
    with make_kit(clock=lambda: sandbox.now() + timedelta(minutes=30)) as ahead:
        ahead.reconcile_opt_outs()
    kit = make_kit()
    for asked in (2, 2):
        kit.reconcile_opt_outs(not_within=timedelta(hours=1))
        assert sandbox.request_count == asked


def test_every_page_is_read(kit, sandbox):
    """A list of opt-outs longer than a page is read to its end."""
    for area in (303, 404, 505):
        for number in range(100):
            sandbox.inbound(f"+1{area}55501{number:02}", "STOP")
    assert kit.reconcile_opt_outs() == 300
    assert sandbox.request_count == 2


@pytest.mark.parametrize(("first", "asked"), [(3, 2), (0, 2)], ids=["the same rows", "no rows"])
def test_a_list_that_repeats_itself_is_read_once(kit, monkeypatch, caplog, first, asked):
    """A server that always names a next page is left at the first page that brings nothing new."""
    numbers, pages = tuple(f"+1202555014{number}" for number in range(first)), []

    def page(_self, _answer):
        pages.append(1)
        return OptOuts(numbers, more=True)

    monkeypatch.setattr(Telnyx, "parse_opt_outs", page)
    assert kit.reconcile_opt_outs() == first
    assert len(pages) == asked
    assert "brings nothing new from page 2 on" in caplog.text


def test_a_page_of_nothing_may_stand_between_others(kit, monkeypatch):
    """A page whose rows can't be used ends nothing: what follows is read."""
    pages = iter([OptOuts((NUMBER,), more=True), OptOuts((), more=True), OptOuts(("+12025550124",), more=False)])
    monkeypatch.setattr(Telnyx, "parse_opt_outs", lambda *_: next(pages))
    assert kit.reconcile_opt_outs() == 2


def test_what_is_only_on_our_list_stays_there(kit, sandbox):
    """A suppression the provider's list doesn't have is kept: a host made it."""
    kit.suppress(NUMBER, "asked at the desk")
    assert kit.reconcile_opt_outs() == 0
    assert list(kit.ledger.read(lambda reader: reader.suppressions())) == [NUMBER]


@pytest.mark.parametrize("fault", ["500", "drop_before", "garbage", "unauthorized"])
def test_a_list_that_cannot_be_read_is_a_providers_error(kit, sandbox, fault):
    """A list that could not be read raises, and suppresses nobody."""
    sandbox.fault(fault, times=None)
    with pytest.raises(ProviderError):
        kit.reconcile_opt_outs()
    assert kit.ledger.read(lambda reader: reader.suppressions()) == {}


def test_what_a_list_holds_is_made_plain(kit, sandbox, monkeypatch):
    """Numbers are read as a recipient's are; an opt-out of the future counts as of now, so that a START lifts it."""
    now = sandbox.clock()
    odd = {"(202) 555-0123": now + timedelta(days=9), "+12025550124": datetime(2026, 1, 1)}
    monkeypatch.setattr(Telnyx, "parse_opt_outs", lambda *_: OptOuts((*odd, "CLINIC"), since=odd))
    assert kit.reconcile_opt_outs() == 2
    assert {bar.at for number in (NUMBER, "+12025550124") for bar in kit.consent(number).bars} == {now}


def test_a_provider_without_a_list_says_so(make_kit):
    """Twilio has no list of opt-outs to read: that is an error in the configuration."""
    kit = make_kit(provider=Twilio("AC" + "1" * 32, "KEY", "MG" + "2" * 32))
    with pytest.raises(ConfigurationError, match="no list of opt-outs"):
        kit.reconcile_opt_outs()


@pytest.mark.parametrize(
    "row", [{"from": NUMBER, "to": "+12025550100"}, {"from": "+12025550100", "to": NUMBER}, {"to": NUMBER}]
)
def test_the_persons_number_is_the_one_that_is_not_ours(row):
    """A row's person is found by leaving out our own sender, since either field may hold it."""
    import json

    body = json.dumps({"data": [row, 3, {"from": "REMINDER"}], "meta": {}}).encode()
    assert Telnyx("KEY", "+12025550100").parse_opt_outs(Response(200, {}, body)) == OptOuts((NUMBER,))
