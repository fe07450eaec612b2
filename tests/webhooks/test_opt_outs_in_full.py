"""The provider's list of opt-outs, from its pages to what the ledger records of each number."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b

import pytest

from reminder_kit.errors import ConfigurationError, TransientError
from reminder_kit.model.consent import Act, ConsentEvent, Party, Way
from reminder_kit.model.instants import iso
from reminder_kit.ports import Capabilities, NoAnswerError, NotSentError, OptOuts, Request, Response
from reminder_kit.rules.window import Window
from reminder_kit.transport import run_blocking
from reminder_kit.webhooks.opt_out_lists import OPT_OUTS, OptedOut, bar_listed, opted_out
from tests.factories import NUMBER, SENDER, START

OTHER = "+12025550124"
HOUR = timedelta(hours=1)
WINDOW = Window(timedelta(0), timedelta(0), timedelta(0), timedelta(0))


class Pages:
    """A provider that keeps a list of opt-outs, and what carries its requests."""

    name, sender = "pigeon", SENDER

    def __init__(self, *pages, lists=True, pool="", error=None):
        self.pages, self.error, self.asked, self.turns = pages, error, [], 0
        self.capabilities = Capabilities(window=WINDOW, lists_opt_outs=lists, pool=pool)

    def opt_outs(self, page):
        return Request("GET", f"/opt-outs/{page}")

    def parse_opt_outs(self, response):
        return self.pages[response.status - 1] if response.status <= len(self.pages) else OptOuts((), more=True)

    async def turn(self):
        self.turns += 1

    async def send(self, request):
        assert self.turns == len(self.asked) + 1
        self.asked.append(request.path)
        if self.error:
            raise self.error
        return Response(int(request.path.rpartition("/")[2]), {}, b"")


def read(*providers, region="US"):
    return run_blocking(opted_out([(provider, provider) for provider in providers], region))


def test_every_number_is_read_once_with_its_latest_instant():
    """However it is written; of which page nothing is known of the time, the other one says it."""
    pages = Pages(
        OptOuts((NUMBER, OTHER, "(202) 555-0125"), True, {NUMBER: START}),
        OptOuts(("202-555-0123", OTHER), True, {"202-555-0123": START + HOUR, OTHER: START}),
        OptOuts((NUMBER,), False, {NUMBER: START - HOUR}),
        pool="profile",
    )
    names = (SENDER, "profile")
    assert read(pages) == [
        OptedOut(NUMBER, START + HOUR, "pigeon", names),
        OptedOut(OTHER, START, "pigeon", names),
        OptedOut("+12025550125", None, "pigeon", names),
    ]
    assert pages.asked == ["/opt-outs/1", "/opt-outs/2", "/opt-outs/3"]


def test_a_time_that_is_none_is_not_known():
    """One without a zone, and what is no time at all."""
    pages = Pages(OptOuts((NUMBER, OTHER), False, {NUMBER: datetime(2026, 2, 10), OTHER: "today"}))
    assert [found.since for found in read(pages)] == [None, None]


def test_what_is_no_number_is_counted(caplog):
    """Each once, however often it stands there; a list of numbers alone is told nothing of."""
    pages = Pages(OptOuts(("CLINIC", "CLINIC", "DESK", NUMBER), True), OptOuts(("CLINIC", OTHER), False))
    assert [found.number for found in read(pages)] == [NUMBER, OTHER]
    assert "2 entries of the list of opt-outs at pigeon are no numbers" in caplog.text
    caplog.clear()
    read(Pages(OptOuts((NUMBER,))))
    assert caplog.text == ""


def test_a_number_without_a_country_needs_a_region():
    """It is none without one."""
    assert read(Pages(OptOuts(("202-555-0123",))), region=None) == []


@pytest.mark.parametrize(
    ("pages", "asked", "warns"),
    [
        ([OptOuts((NUMBER,))], 1, None),
        ([OptOuts(())], 1, None),
        ([OptOuts((NUMBER,), True), OptOuts((NUMBER,), True)], 2, 2),
        ([OptOuts((NUMBER,), True), OptOuts((NUMBER,), False)], 2, None),
        ([OptOuts((NUMBER,), True), OptOuts((NUMBER, OTHER), True), OptOuts((OTHER,), True)], 3, 3),
        ([OptOuts((), True), OptOuts((), True), OptOuts((NUMBER,))], 2, 2),
        ([OptOuts((), True), OptOuts((NUMBER,), True), OptOuts((), True), OptOuts((OTHER,))], 4, None),
        ([OptOuts((NUMBER,), True), OptOuts((NUMBER,), True, {NUMBER: START}), OptOuts(())], 3, None),
    ],
    ids=["one", "none", "again", "again at the end", "partly new", "twice nothing", "nothing between", "a new instant"],
)
def test_reading_ends_where_nothing_new_comes(caplog, pages, asked, warns):
    """A page that repeats what came, or a second empty one, is the last that is asked for."""
    provider = Pages(*pages)
    read(provider)
    assert len(provider.asked) == asked
    words = f"the list of opt-outs at pigeon brings nothing new from page {warns} on"
    assert (words in caplog.text) is (warns is not None)


def test_every_provider_that_lists_is_read():
    """One after the other; one that keeps no list is passed over."""
    first, second = Pages(OptOuts((NUMBER,))), Pages(OptOuts((OTHER,)))
    silent = Pages(lists=False)
    assert [found.number for found in read(silent, first, second)] == [NUMBER, OTHER]
    assert silent.asked == []


def test_where_nobody_lists_the_main_one_is_named():
    """Its webhooks have to do."""
    with pytest.raises(ConfigurationError) as caught:
        read(Pages(lists=False), Pages(lists=False))
    words = "pigeon keeps no list of opt-outs that can be read: its webhooks tell who says STOP"
    assert str(caught.value) == words


@pytest.mark.parametrize("kind", [NotSentError, NoAnswerError])
def test_a_page_that_does_not_come_is_tried_another_time(kind):
    """Whatever the network did, the error is of the moment, and names the provider."""
    with pytest.raises(TransientError, match="no way there") as caught:
        read(Pages(error=kind("no way there")))
    assert caught.value.provider == "pigeon"


# What the ledger records


@pytest.mark.parametrize(
    ("since", "at"),
    [(START - HOUR, START - HOUR), (START + HOUR, START), (None, START)],
    ids=["past", "future", "none"],
)
def test_an_entry_is_a_stop_of_the_person_itself(since, at):
    """At its instant, but not in the future; its name is the same however often it is read."""
    name = blake2b(f"pigeon:{NUMBER}:{iso(since or START)}".encode(), digest_size=12).hexdigest()
    assert len(name) == 24
    assert OptedOut(NUMBER, since, "pigeon", (SENDER,)).event(START) == ConsentEvent(
        id=f"list:{name}",
        number=NUMBER,
        by=Party.RECIPIENT,
        act=Act.BAR,
        occurred_at=at,
        recorded_at=START,
        way=Way.LIST,
        words="on the provider's list of opt-outs",
        senders=(SENDER,),
    )


def barred(kit, *listed, now=START):
    kit.ledger.upgrade()
    return kit.ledger.submit(lambda tx: bar_listed(listed, now, kit.settings.writer, tx)).result()


def entry(number, since=START - HOUR, senders=(SENDER,)):
    return OptedOut(number, since, "telnyx", senders)


def test_the_numbers_that_are_barred_are_counted_and_noted(kit):
    """Those of which no STOP was known; the job is noted with their count, also where there are none."""
    assert barred(kit) == 0
    assert kit.ledger.read(lambda reader: reader.last_run(OPT_OUTS)) == (START, {"new": 0})
    assert barred(kit, entry(NUMBER), entry(OTHER)) == 2
    assert kit.ledger.read(lambda reader: reader.last_run(OPT_OUTS)) == (START, {"new": 2})
    assert barred(kit, entry(NUMBER), entry("+12025550125"), now=START + HOUR) == 1
    assert kit.ledger.read(lambda reader: reader.last_run(OPT_OUTS)) == (START + HOUR, {"new": 1})
    assert kit.ledger.read(lambda reader: sorted(reader.suppressions())) == [NUMBER, OTHER, "+12025550125"]


def test_whoever_said_start_since_is_not_barred(kit, sandbox):
    """A START after the instant of the list lifts what it says; one of before does not."""
    barred(kit, entry(NUMBER, START - 3 * HOUR))
    start = ConsentEvent(
        "s-1",
        NUMBER,
        Party.RECIPIENT,
        Act.LIFT,
        START - 2 * HOUR,
        START,
        Way.REPLY,
        "START",
        (SENDER,),
        lifts_before=START - 2 * HOUR,
    )
    kit.ledger.submit(lambda tx: tx.consent.record(start)).result()
    assert kit.consent(NUMBER).bars == ()
    assert barred(kit, entry(NUMBER, START - 3 * HOUR)) == 0
    assert kit.consent(NUMBER).bars == ()
    assert barred(kit, entry(NUMBER, START - HOUR)) == 1
    assert len(kit.consent(NUMBER).bars) == 1


def test_what_is_barred_is_withdrawn_by_the_next_run(kit, sandbox, appointment):
    """Also where the host had barred the number before, in its own name."""
    kit.sync([appointment("A-1"), appointment("A-2", phone=OTHER)])
    kit.suppress(OTHER, "moved away")
    kit.resync(only_dirty=True)
    assert barred(kit, entry(NUMBER), entry(OTHER)) == 2
    assert kit.resync(only_dirty=True).summary["cancel"] == 1
    assert sandbox.parked() == []
