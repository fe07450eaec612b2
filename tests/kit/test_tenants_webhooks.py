"""One endpoint for all tenants: each webhook is verified with its tenant's key, and told once to its listeners."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from reminder_kit import AsyncTenants
from reminder_kit.errors import ConfigurationError, InvalidInputError, LedgerError, SignatureError
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.webhook_app import WebhookApp
from tests.factories import NUMBER, START
from tests.kit.practices import KINDS, SENDERS, Served, visit_to
from tests.ledger.older_tables import made_as_of

pytest.importorskip("cryptography")

ROUGH = "+12025550144"


@pytest.fixture(params=KINDS, ids=["blocking", "async"])
def served(request, platform, sqlite_url):
    """Tenants of either face, who note whom what was told."""
    made = Served(request.param, sqlite_url, platform)
    made.heard = []
    made.tenants.on("*", lambda tenant, event: made.heard.append((tenant, event.type)))
    yield made
    made.close()


def sent(platform, *tenants):
    """Let a day and more pass, and return the webhooks of what went out, by whose message each is about."""
    platform.advance(days=2, hours=1)
    found = {}
    for tenant in tenants:
        (house, sender) = platform.house(tenant), SENDERS[tenant]
        messages = {one.id for one in house.messages() if one.from_ == sender}
        found[tenant] = [hook for hook in house.hooks.sent if about(hook) in messages]
    return found


def about(hook):
    """Return the provider's name of the message that a report is about."""
    return hook.payload["id"]


def receive(served, platform, hook, house="first", **options):
    headers, body = hook.as_sent(platform.houses[house].now())
    return served.run(served.tenants.receive(headers, body, **options))


def told(received):
    return [(one.tenant, [event.type for event in one.events]) for one in received]


def test_a_report_is_told_to_whose_message_it_is_about(served, platform):
    """By the provider's name of the message, whoever's kit is built; a repetition is known as one."""
    for name in ("north", "south"):
        served.run(served.tenants[name].sync(visit_to(name)))
    hooks = sent(platform, "north", "south")
    served.tenants._kits.clear()
    assert told(receive(served, platform, hooks["south"][-1])) == [("south", ["delivered"])]
    assert told(receive(served, platform, hooks["north"][-1])) == [("north", ["delivered"])]
    (again,) = receive(served, platform, hooks["south"][-1])
    assert (again.tenant, again.events[0].repeated) == ("south", True)
    assert served.heard == [("south", "delivered"), ("north", "delivered")]


def test_a_reply_is_told_to_who_wrote_last_from_that_sender(served, platform):
    """East and west share a number: who wrote last by then is answered; what is to go out later says nothing."""
    served.run(served.tenants["west"].sync(visit_to("west", days=2)))
    served.run(served.tenants["east"].sync(visit_to("east", days=3)))
    platform.advance(days=2, hours=1)
    hook = platform.house("east").inbound(NUMBER, "C", to=SENDERS["east"])
    served.run(served.tenants["west"].sync(visit_to("west", "A-9", days=6)))
    (heard,) = receive(served, platform, hook, "second")
    assert (heard.tenant, served.heard) == ("east", [("east", "received"), ("east", "confirm")])
    platform.advance(days=4)  # west wrote since: what is delivered once more is east's all the same
    (again,) = receive(served, platform, hook, "second")
    assert (again.tenant, again.events[0].repeated, len(served.heard)) == ("east", True, 2)


def test_a_stop_bars_for_all_who_write_from_that_sender_and_for_nobody_else(served, platform):
    """East hears it, once; west, which writes from the same number, withdraws as well; north goes on."""
    for name in ("north", "east", "west"):
        served.run(served.tenants[name].sync(visit_to(name, days=4)))
    hook = platform.house("east").inbound(NUMBER, "STOP", to=SENDERS["east"])
    ((heard, types),) = told(receive(served, platform, hook, "second"))
    assert (heard in {"east", "west"}, types) == (True, ["opted_out"])
    assert len({tenant for tenant, _ in served.heard}) == 1
    report = served.run(served.tenants.resync(only_dirty=True))
    assert report.ok
    assert [len(platform.texts(name)) for name in ("north", "east")] == [1, 0]
    other = "west" if heard == "east" else "east"
    seen = served.run(served.tenants[other].consent(NUMBER))
    assert (len(seen.bars), seen.events) == (1, ())
    assert served.run(served.tenants["north"].consent(NUMBER)).bars == ()


def test_a_stranger_is_heard_by_who_writes_from_that_sender_though_nobody_was_built(served, platform):
    """The number is in no message: whose sender it wrote to is found, and the kits of all are built for that once."""
    for name in ("north", "south"):
        served.run(served.tenants[name].sync(visit_to(name)))
    served.close()
    again = Served(type(served.tenants), served.tenants.ledger.url, platform)
    hook = platform.house("south").inbound(ROUGH, "STOP", to=SENDERS["south"])
    assert told(receive(again, platform, hook)) == [("south", ["opted_out"])]
    built = len(platform.built)
    hook = platform.house("north").inbound(ROUGH, "Hello?", to=SENDERS["north"])
    assert told(receive(again, platform, hook)) == [("north", ["received"])]
    assert len(platform.built) <= built + 1
    again.close()


def test_another_accounts_key_speaks_for_nobody_else(served, platform):
    """East's account signs that north's message was not delivered: north's own key does not fit, and nobody is told."""
    for name in ("north", "east"):
        served.run(served.tenants[name].sync(visit_to(name)))
    (hook, *_) = sent(platform, "north")["north"]
    _, body = hook.as_sent(platform.houses["first"].now())
    forged = platform.houses["second"].signer.headers(body, platform.houses["first"].now())
    for tenant in (None, "north"):
        with pytest.raises(SignatureError):
            served.run(served.tenants.receive(forged, body, tenant=tenant))
    assert served.heard == []


def unbuildable(platform, served, tenant, error):
    """Have a practice's kit fail to be built from now on."""
    build = platform.build

    def failing(name):
        if name == tenant:
            raise error
        return build(name)

    served.tenants._kits.clear()
    served.tenants._build = failing


@pytest.mark.parametrize("error", [ConfigurationError("no key"), LookupError("no row")], ids=["ours", "theirs"])
def test_what_is_of_a_tenant_that_can_not_be_built_is_asked_for_again(served, platform, error):
    """Its neighbour's key, of the same account and number, finds it genuine: nobody says that it was stored."""
    served.run(served.tenants["west"].sync(visit_to("west")))
    served.tenants["east"]
    (hook, *_) = sent(platform, "west")["west"]
    reply = platform.house("west").inbound(NUMBER, "C", to=SENDERS["west"])
    unbuildable(platform, served, "west", error)
    for one in (hook, reply):
        with pytest.raises(type(error)):
            receive(served, platform, one, "second")
    assert served.heard == []
    served.tenants._build = platform.build
    assert told(receive(served, platform, reply, "second")) == [("west", ["received"])]


def test_a_tenant_that_can_not_be_built_keeps_nothing_from_its_neighbours(served, platform):
    """A stranger's word to the number that both write from is heard by who can hear it."""
    for name in ("east", "west"):
        served.run(served.tenants[name].sync(visit_to(name)))
    unbuildable(platform, served, "east", LookupError("no row"))
    hook = platform.house("west").inbound(ROUGH, "Hello?", to=SENDERS["west"])
    assert told(receive(served, platform, hook, "second")) == [("west", ["received"])]


def test_whose_sender_is_not_known_yet_is_asked_for_again(served, platform, monkeypatch):
    """South could not be built when a stranger wrote to it: that is nobody's for now, and south's a minute later."""
    served.run(served.tenants["south"].record(visit_to("south")))
    served.run(served.tenants["north"].sync(visit_to("north")))
    served.close()
    again = Served(type(served.tenants), served.tenants.ledger.url, platform)
    unbuildable(platform, again, "south", LookupError("no row"))
    again.tenants["north"]
    hook = platform.house("south").inbound(ROUGH, "STOP", to=SENDERS["south"])
    for _ in range(2):
        with pytest.raises(LookupError):
            receive(again, platform, hook)
    again.tenants._build = platform.build
    monkeypatch.setattr("reminder_kit.kit.tenant_kits._TRIED_AGAIN", 0.0)
    assert told(receive(again, platform, hook)) == [("south", ["opted_out"])]
    again.close()


def test_who_left_before_its_sender_was_known_is_in_no_doubt(served, platform):
    """West could not be built, and then was no tenant any more: what is nobody's is passed over from then on."""
    names = ["north", "west"]
    served.tenants._names = lambda: names
    unbuildable(platform, served, "west", LookupError("no row"))
    served.tenants["north"]
    hook = platform.house("north").inbound(ROUGH, "Hello?", to="+12025550190")
    with pytest.raises(LookupError):
        receive(served, platform, hook)
    names.remove("west")
    assert receive(served, platform, hook) == ()


def test_a_stop_to_a_tenant_that_is_no_more_bars_for_who_writes_from_that_sender_still(served, platform):
    """West wrote last, and left: its words to west are nobody's, but east must not write to her from that number."""
    served.run(served.tenants["east"].sync(visit_to("east", phone=ROUGH)))
    served.run(served.tenants["west"].sync(visit_to("west", days=2)))
    platform.advance(days=1, hours=1)
    served.tenants._kits.clear()
    platform.gone.add("west")
    house = platform.house("west")
    assert receive(served, platform, house.inbound(NUMBER, "C", to=SENDERS["west"]), "second") == ()
    hook = house.inbound(NUMBER, "STOP", to=SENDERS["west"])
    assert told(receive(served, platform, hook, "second")) == [("east", ["opted_out"])]
    served.run(served.tenants["east"].sync(visit_to("east", "A-2", days=4)))
    assert len(platform.texts("east")) == 1  # whose words are those to another number


def test_what_is_signed_and_nobodys_is_passed_over_and_what_is_not_is_refused(served, platform):
    """A number of the account that no practice writes from: no error, since the provider would try again for ever."""
    served.run(served.tenants["north"].sync(visit_to("north")))
    hook = platform.house("north").inbound(ROUGH, "Hello?", to="+12025550190")
    assert receive(served, platform, hook) == ()
    headers, body = hook.as_sent(START)
    with pytest.raises(SignatureError):
        served.run(served.tenants.receive(headers, body.replace(b"Hello", b"Hallo")))
    nobody = Served(type(served.tenants), "sqlite://", platform)
    with pytest.raises(SignatureError, match="no tenant has a message"):
        nobody.run(nobody.tenants.receive({}, b"{}"))
    nobody.close()
    with pytest.raises(InvalidInputError, match="body is bytes"):
        served.run(served.tenants.receive({}, "text"))


def test_a_report_that_may_be_of_several_and_is_recorded_of_none_is_asked_for_again(served, platform):
    """East and west share a number, and the message is not known yet: the provider tries again."""
    for name in ("east", "west"):
        served.run(served.tenants[name].sync(visit_to(name)))
    (hook, *_) = sent(platform, "east")["east"]
    house = platform.house("east")
    hook.payload = {**hook.payload, "id": "403" + hook.payload["id"][3:-3] + "abc"}
    with pytest.raises(LedgerError, match="from a sender of 2 tenants"):
        receive(served, platform, hook, "second")
    served.run(served.tenants["west"].withdraw("A-1"))
    assert house.crashes == []


def test_a_webhook_may_be_the_first_that_a_newer_library_writes(served, platform, tmp_path):
    """An SQLite ledger of the one before is upgraded for it, as for one that comes to a kit."""
    older = Ledger(f"sqlite:///{tmp_path / 'older.db'}")
    made_as_of(older, "0001")
    again = Served(type(served.tenants), older, platform)
    again.tenants["north"]
    hook = platform.house("north").inbound(ROUGH, "STOP", to=SENDERS["north"])
    assert told(receive(again, platform, hook)) == [("north", ["opted_out"])]
    again.close()


def test_an_address_may_name_the_tenant(served, platform):
    """Then that tenant's key verifies it, and no other is asked; one that there is not is an error."""
    served.run(served.tenants["south"].sync(visit_to("south")))
    hook = platform.house("south").inbound(NUMBER, "C", to=SENDERS["south"])
    assert told(receive(served, platform, hook, tenant="south")) == [("south", ["received"])]
    platform.gone.add("nobody")
    with pytest.raises(InvalidInputError, match="no tenant 'nobody'"):
        receive(served, platform, hook, tenant="nobody")


def test_the_endpoint_takes_in_webhooks_of_all(served, platform):
    """One application, by one address, or by the tenant's own below it; what follows a STOP is done afterwards."""
    platform.gone.add("nobody")
    for name in ("north", "east"):
        served.run(served.tenants[name].sync(visit_to(name, days=4)))
    lines = []
    app = WebhookApp(served.tenants, path="/telnyx", tell=lambda _level, text: lines.append(text))

    async def story():
        async with app.lifespan():
            client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://host")
            async with client:
                answers = []
                for path, name, text in (("/telnyx", "east", "STOP"), ("/telnyx/north", "north", "C")):
                    house = platform.house(name)
                    headers, body = house.inbound(NUMBER, text, to=SENDERS[name]).as_sent(house.now())
                    answers.append((await client.post(path, headers=headers, content=body)).status_code)
                answers.append((await client.post("/other", content=b"")).status_code)
                answers.append((await client.post("/telnyx/nobody", content=b"{}")).status_code)
                answers.append((await client.post("/telnyx/north/nobody", content=b"{}")).status_code)
                answers.append((await client.post("/telnyx", content=b"{}")).status_code)
                return answers

    answers = served.run(story()) if isinstance(served.tenants, AsyncTenants) else asyncio.run(story())
    assert answers == [200, 200, 404, 404, 404, 401]
    assert (len(platform.texts("east")), len(platform.texts("north"))) == (0, 1)
    assert any("opted_out for 'east'" in line for line in lines)


def test_events_are_plain_delivery_events(served, platform):
    """What a listener of all is told is the tenant's name, and what a kit's own listener is told; keywords, too."""
    seen, confirmed = [], []
    served.tenants.on("confirm", lambda tenant, event: confirmed.append((tenant, event.number)))
    served.tenants["south"].on("received", seen.append)
    served.run(served.tenants["south"].sync(visit_to("south")))
    receive(served, platform, platform.house("south").inbound(NUMBER, "On my way", to=SENDERS["south"]))
    assert [type(event) for event in seen] == [DeliveryEvent]
    assert (served.heard, confirmed) == ([("south", "received")], [])
    platform.advance(days=2, hours=1)
    receive(served, platform, platform.house("south").inbound(NUMBER, "C", to=SENDERS["south"]))
    assert confirmed == [("south", NUMBER)]
