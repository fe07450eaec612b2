"""A webhook that comes again is known, told as such, and changes nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from reminder_kit import AsyncReminderKit
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.testing import TELNYX_PUBLIC_KEY, WEBHOOK_SECRET, signed_event
from tests.factories import ACCOUNT, HOOK, NUMBER, SENDER, SERVICE

pytest.importorskip("cryptography")


def provider_of(name):
    if name == "telnyx":
        return Telnyx("KEY", SENDER, public_key=TELNYX_PUBLIC_KEY)
    if name == "twilio":
        return Twilio(ACCOUNT, WEBHOOK_SECRET, SERVICE, webhook_url=HOOK)
    return Vonage(SENDER, "key", "secret", signature_secret=WEBHOOK_SECRET)


@pytest.mark.parametrize("name", ["telnyx", "twilio", "vonage"])
@pytest.mark.parametrize("kind", ["delivered", "received", "opted_out"])
def test_an_event_that_came_before_says_so(make_kit, sandbox, name, kind):
    """Whoever sends it again: the same event comes back as `repeated`, and hosts hear of it once."""
    kit, heard = make_kit(provider=provider_of(name)), []
    kit.on(kind, heard.append)
    address = {"url": HOOK} if name == "twilio" else {}
    letter = signed_event(name, kind, number=NUMBER, now=sandbox.now(), **address)
    (first,), (second,), (third,) = (kit.receive(*letter) for _ in range(3))
    assert [event.repeated for event in (first, second, third)] == [False, True, True]
    assert (first.id, first.type, first.number) == (second.id, second.type, second.number)
    assert [event.repeated for event in heard] == [False]


def test_a_stop_that_comes_again_after_a_start_bars_nobody(kit, sandbox):
    """The provider repeats a STOP after the person has written START: it stays lifted."""
    kit.provider = Telnyx("KEY", SENDER, public_key=TELNYX_PUBLIC_KEY)
    stop = signed_event("telnyx", "opted_out", number=NUMBER, now=sandbox.now())
    kit.receive(*stop)
    sandbox.clock.advance(minutes=1)
    kit.receive(*signed_event("telnyx", "opted_in", number=NUMBER, now=sandbox.now()))
    (again,) = kit.receive(*stop)
    assert again.repeated
    assert kit.consent(NUMBER).bars == ()


def test_the_asynchronous_face_says_so_too(make_kit, sandbox):
    """The same on `AsyncReminderKit`."""

    async def story():
        async with make_kit(kind=AsyncReminderKit, provider=provider_of("telnyx")) as kit:
            letter = signed_event("telnyx", "received", number=NUMBER, now=sandbox.now())
            return [(await kit.receive(*letter))[0].repeated for _ in range(2)]

    assert asyncio.run(story()) == [False, True]


def test_it_is_known_by_its_own_id_and_not_by_what_it_says(make_kit, sandbox):
    """Two replies of the same words are two events; another process on the same ledger knows both."""
    provider = provider_of("telnyx")
    letters = [
        signed_event("telnyx", "received", text="C", number=NUMBER, now=sandbox.now() + timedelta(seconds=n))
        for n in range(2)
    ]
    first, second = make_kit(provider=provider), make_kit(provider=provider_of("telnyx"))
    assert [first.receive(*letter)[0].repeated for letter in letters] == [False, False]
    assert [second.receive(*letter)[0].repeated for letter in letters] == [True, True]
