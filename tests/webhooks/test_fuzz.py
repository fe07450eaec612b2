"""Whatever comes in as a webhook, signed or not: an event is stored, or one of two errors is raised."""

from __future__ import annotations

import json
import os
import random
from urllib.parse import parse_qsl, urlencode

import pytest

from reminder_kit.errors import PayloadError, SignatureError
from reminder_kit.testing import EVENT_TYPES, signed_event
from tests.factories import HOOK, NUMBER, START
from tests.webhooks.letters import provider_of, signed

pytest.importorskip("cryptography")

FUZZ = int(os.environ.get("REMINDER_KIT_FUZZ", "20000"))
"""How many webhooks a fuzz run tries; `.ci/run` tries a few hundred."""

NAMES = ("telnyx", "twilio", "vonage")
ODD = [
    None, True, 0, -1, 2**70, 1e400, float("nan"), "", " ", "\0", "a\0b", "\ud83d", "\udc9a", "\x1b[2J", "\u202e",
    "STOP",
    "START", "+12025550123", "12025550123", "(202) 555-0123", "9" * 400, "x" * 5000, "2026-02-10T14:00:00Z",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00", "2026-02-30", "delivered", "message.received", "opted_out", [], {}, [[]], [{}], [None],
    {"": ""}, {"\0": "\ud800"}, {"phone_number": []}, ["+12025550123"], {"code": {}}, [[[[[[[[[]]]]]]]]],
]  # fmt: skip


def mutated(value, chance):
    """Return JSON with some of its values replaced, left out, doubled or nested."""
    if chance.random() < 0.08:
        return chance.choice(ODD)
    if isinstance(value, dict):
        kept = {key: mutated(item, chance) for key, item in value.items() if chance.random() > 0.04}
        if chance.random() < 0.1:
            kept[chance.choice(["id", "text", "status", "\0", "\ud800", "data", "payload"])] = chance.choice(ODD)
        return kept
    if isinstance(value, list):
        return [mutated(item, chance) for item in value for _ in range(chance.choice([1, 1, 1, 0, 2]))]
    return value


def bitten(data, chance):
    """Return bytes with a few of them replaced, left out or doubled."""
    data = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(data) + 1)
        data[at : at + chance.randrange(4)] = chance.choice(
            [b"", b"\0", b"\xff", b'"', b"{", b"&", b"%00", b"%ed%a0%80"]
        )
    return bytes(data)


def bodies(name, chance):
    """Yield bodies without end: a provider's own, with something odd in them."""
    url = HOOK if name == "twilio" else ""
    originals = [signed_event(name, kind, number=NUMBER, url=url, now=START)[1] for kind in EVENT_TYPES]
    while True:
        body = chance.choice(originals)
        if chance.random() < 0.15:
            yield bitten(body, chance)
        elif name == "twilio":
            fields = mutated(dict(parse_qsl(body.decode())), chance)
            fields = fields if isinstance(fields, dict) else {"Body": fields}
            yield urlencode({str(key): str(item) for key, item in fields.items()}, errors="replace").encode()
        else:
            yield json.dumps(mutated(json.loads(body), chance)).encode()


def headers_of(name, body, chance):
    """Return headers that fit a body, or nearly do."""
    headers = signed(name, body)
    if chance.random() < 0.1:
        headers[chance.choice(list(headers))] = chance.choice(
            ["\ud800", "é", "\0", "", "Bearer ..", "1e5", "-1", "9" * 5000]
        )
    return headers


def tried(kit, name, count, chance):
    """Hand a kit so many webhooks; returns how many were taken, and how many refused by which error."""
    came = {"taken": 0, "SignatureError": 0, "PayloadError": 0}
    stream = bodies(name, chance)
    for _ in range(count):
        body = next(stream)
        try:
            kit.receive(headers_of(name, body, chance), body)
        except (SignatureError, PayloadError) as error:
            came[type(error).__name__] += 1
        else:
            came["taken"] += 1
    return came


def obeys_a_stop(kit, name):
    """Say whether an ordinary STOP is taken and obeyed, after whatever came before it."""
    number = "+12025550177"
    headers, body = signed_event(name, "opted_out", number=number, url=HOOK if name == "twilio" else "", now=START)
    kit.receive(signed(name, body), body)
    del headers
    return number in kit.ledger.read(lambda reader: reader.suppressions())


@pytest.mark.parametrize("name", NAMES)
def test_whatever_comes_in_only_our_errors_come_out(make_kit, name):
    """Some webhooks of each provider, most of them signed: many are taken, and a STOP after them is obeyed."""
    kit = make_kit(provider=provider_of(name), ledger="sqlite://")
    came = tried(kit, name, 150, random.Random(name))
    assert came["taken"] > 50
    assert obeys_a_stop(kit, name)
    assert kit.resync(only_dirty=True).ok


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("place", ["sqlite_url", "postgres_url"], ids=["sqlite", "postgresql"])
@pytest.mark.parametrize("name", NAMES)
def test_fuzz_whatever_comes_in(make_kit, request, name, place):
    """The same over very many webhooks, on both databases, where the fuzz mark asks for them."""
    kit = make_kit(provider=provider_of(name), ledger=request.getfixturevalue(place))
    kit.ledger.upgrade()
    print(name, place, tried(kit, name, FUZZ // 4, random.Random(f"{name} {place} {FUZZ}")))
    assert obeys_a_stop(kit, name)
    assert kit.resync(only_dirty=True).ok
