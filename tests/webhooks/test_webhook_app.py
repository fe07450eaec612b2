"""The webhook endpoint as an ASGI application: what it answers, what it does afterwards, where it can live."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from reminder_kit import AsyncReminderKit, ReminderKit
from reminder_kit.errors import ConfigurationError, LedgerError, SchemaError
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.testing import TELNYX_PUBLIC_KEY, WEBHOOK_SECRET, signed_event
from reminder_kit.webhook_app import WebhookApp
from tests.factories import CONFIG, NUMBER

pytest.importorskip("cryptography")

ROOT = Path(__file__).parents[2]
BOTH = pytest.mark.parametrize("kind", [ReminderKit, AsyncReminderKit], ids=["blocking", "async"])


@pytest.fixture
def logged():
    return []


@pytest.fixture
def make_app(make_kit, logged):
    """Return a factory of endpoints of either face on the sandbox."""

    def make(kind=ReminderKit, *, kit=None, **options):
        provider = Telnyx(api_key="KEY", from_="+12025550100", public_key=TELNYX_PUBLIC_KEY)
        kit = kit or make_kit(kind=kind, provider=provider)
        return WebhookApp(kit, tell=lambda level, text: logged.append((level, text)), **options)

    return make


@asynccontextmanager
async def client_of(app):
    """A client of an application that lives, as under a server."""
    async with app.lifespan():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            yield client


async def done(kit, verb, *args, **options):
    value = getattr(kit, verb)(*args, **options)
    return await value if isinstance(kit, AsyncReminderKit) else value


def signed(sandbox, kind="delivered", **options):
    headers, body = signed_event("telnyx", kind, now=sandbox.now(), **options)
    return {"headers": headers, "content": body}


def asked(app, method="POST", path="/", **options):
    async def ask():
        async with client_of(app) as client:
            return await client.request(method, path, **options)

    return asyncio.run(ask())


@BOTH
def test_a_stop_is_answered_once_stored_and_followed_afterwards(make_app, sandbox, appointment, kind):
    """A STOP is answered 200 once its suppression is stored; cancelling comes after that."""
    app = make_app(kind)

    async def story():
        await done(app._kit, "sync", appointment())
        assert len(sandbox.parked()) == 1
        async with client_of(app) as client:
            answer = await client.post("/", **signed(sandbox, "opted_out", number=NUMBER))
            assert (answer.status_code, answer.content) == (200, b"")
            assert NUMBER in app._kit.ledger.read(lambda reader: reader.suppressions())
        assert sandbox.parked() == []  # the end of the lifespan waits for what follows
        if kind is AsyncReminderKit:
            await app._kit.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"path": "/other"}, 404),
        ({"method": "GET", "path": "/other"}, 404),
        ({"method": "GET"}, 405),
        ({"method": "PUT", "content": b"{}"}, 405),
        ({"content": b"{}"}, 401),
        ({"content": b""}, 401),
        ({"content": b" " * 1001}, 413),
        ({"content": b"{}", "headers": {"content-length": "1001"}}, 413),
        ({"content": b"{}", "headers": {"content-length": "9" * 5000}}, 413),
    ],
    ids=["path", "path first", "method", "put", "unsigned", "empty", "large", "said to be large", "no length"],
)
def test_what_is_no_signed_webhook_is_refused_by_its_status(make_app, request_, status):
    """Path, method, size and signature are refused in that order, and the connection is closed."""
    answer = asked(make_app(largest=1000), **request_)
    assert answer.status_code == status
    assert answer.headers.get("allow") == ("POST" if status == 405 else None)
    assert answer.headers["connection"] == "close"


def called(app, *, path="/", body=b"{}", headers=()):
    """Return the status with which an application answers a server that hands over just this."""
    statuses, sent = [], [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        return sent.pop(0)

    async def send(message):
        statuses.append(message.get("status"))

    scope = {"type": "http", "method": "POST", "path": path, "headers": list(headers), "query_string": b""}
    asyncio.run(app(scope, receive, send))
    return statuses[0]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("http://clinic.example/hooks", 401),
        ("https://clinic.example:8443/hooks", 401),
        ("http://clinic.example", 404),
        ("http://clinic.example/other", 404),
        ("hooks", 401),
    ],
)
def test_an_absolute_target_is_answered_as_its_path(make_app, path, status):
    """A server that was sent the whole address may hand it over as the path: what stands behind the host counts."""
    assert called(make_app(path="/hooks"), path=path) == status


def test_bodies_that_flood_in_are_refused_until_there_is_room(make_app):
    """What is held at a time is bounded: beyond that the provider is asked to try again, and then it is taken."""
    app = make_app(largest=1000)
    app._held = 64 * 1000 - 10
    assert called(app, body=b" " * 11) == 503
    assert called(app, body=b" " * 10) == 401
    assert called(app, body=b" " * 1001) == 413
    assert app._held == 64 * 1000 - 10


def test_refused_webhooks_are_logged_without_contents(make_app, sandbox, logged):
    """Forged and stale webhooks are logged with the reason, without text or number."""
    for wrong in ({"forged": True}, {"stale": True}):
        assert asked(make_app(), **signed(sandbox, "received", text="secret words", **wrong)).status_code == 401
    assert [text.startswith("refused a webhook: Telnyx webhook:") for _, text in logged] == [True, True]
    assert not any("secret words" in text or "5550123" in text for _, text in logged)


def test_no_caller_says_which_address_it_called(make_app, make_kit, sandbox):
    """A webhook that was signed for another application of the account is refused, whatever headers come with it."""
    other, ours = "https://clinic.example/other", "https://clinic.example/hooks"
    provider = Twilio("AC" + "0" * 32, WEBHOOK_SECRET, "MG" + "0" * 32, webhook_url=ours)
    said = {"x-reminder-kit-url": other, "host": "clinic.example", "x-forwarded-uri": "/other"}
    app = make_app(kit=make_kit(provider=provider))
    headers, body = signed_event("twilio", "opted_out", url=other)
    assert asked(app, headers={**headers, **said}, content=body).status_code == 401
    headers, body = signed_event("twilio", "opted_out", url=ours)
    assert asked(app, headers={**headers, **said}, content=body).status_code == 200


def test_the_host_says_at_which_address_an_application_stands(make_app, make_kit):
    """Its public address may differ from `webhook_url`, and the query is the request's own."""
    replies = "https://clinic.example/replies"
    provider = Twilio("AC" + "0" * 32, WEBHOOK_SECRET, "MG" + "0" * 32, webhook_url="https://clinic.example/hooks")
    kit = make_kit(provider=provider)
    for app, url in ((make_app(kit=kit, url=replies), replies), (make_app(kit=kit), "https://clinic.example/hooks")):
        for query in ("", "?clinic=7&x=%20y"):
            headers, body = signed_event("twilio", "received", url=url + query)
            assert asked(app, path=f"/{query}", headers=headers, content=body).status_code == 200


def test_the_hosts_address_is_enough(make_app, make_kit):
    """A provider without a `webhook_url` of its own is served where the application says where it stands."""
    provider = Twilio("AC" + "0" * 32, WEBHOOK_SECRET, "MG" + "0" * 32)
    headers, body = signed_event("twilio", "received", url="https://clinic.example/replies")
    app = make_app(kit=make_kit(provider=provider), url="https://clinic.example/replies")
    assert asked(app, headers=headers, content=body).status_code == 200
    with pytest.raises(ConfigurationError, match="webhook_url"):
        make_app(kit=make_kit(provider=provider))


def test_a_webhook_that_comes_again_is_answered_as_before(make_app, sandbox, logged):
    """A repetition is a 200 too, so that the provider stops, and the log says that it was one."""
    app, webhook = make_app(), signed(sandbox, "received")
    assert [asked(app, **webhook).status_code for _ in range(2)] == [200, 200]
    assert [text.partition(" ")[2] for _, text in logged] == ["received", "received (it came before)"]


def test_headers_of_any_bytes_are_refused_as_not_signed(make_app):
    """A server hands over whatever bytes came: they fit no signature, and fail nothing else."""
    for value in (b"\xff\xfe", b"\xed\xa0\x80", b"a" * 100_000):
        headers = [(b"telnyx-timestamp", value), (b"telnyx-signature-ed25519", value), (b"x-other", value)]
        assert asked(make_app(), headers=headers, content=b"{}").status_code == 401


@pytest.mark.parametrize("described", [lambda _: "(Check-up)", lambda _: "", None])
def test_what_is_told_beside_an_event_is_asked_for(make_app, sandbox, logged, described):
    """The words that a host wants beside an event's own stand in its line, and no others."""
    assert asked(make_app(described=described), **signed(sandbox, "received", text="hello")).status_code == 200
    beside = described and described(None)
    assert [text.partition(" ")[2] for _, text in logged] == [f"received {beside}" if beside else "received"]


def test_an_event_is_told_with_the_id_it_is_about(make_app, sandbox, logged, appointment):
    """Of a report on a message the log names the appointment's id, and neither title, name nor number."""
    app = make_app()
    (change,) = app._kit.sync(appointment("Visit-7", title="Root canal")).changes
    sandbox.clock.advance(days=3)
    assert asked(app, **signed(sandbox, "delivered", provider_id=change.message_id)).status_code == 200
    assert [text.partition(" ")[2] for _, text in logged] == ["delivered of 'Visit-7'"]


def test_words_that_the_ledger_keeps_back_cost_no_webhook(make_app, sandbox, logged, caplog):
    """Where the names cannot be read the event is taken in and told without them, and the log says why."""

    def fails(_event):
        raise LedgerError("the ledger is being restored")

    assert asked(make_app(described=fails), **signed(sandbox, "received", text="hello")).status_code == 200
    assert [text.partition(" ")[2] for _, text in logged] == ["received"]
    assert "the ledger is being restored" in caplog.text


def test_a_stop_whose_number_nobody_can_read_is_logged(make_app, sandbox, logged, caplog):
    """It is answered 200, since it will never be read better; the log and the host's listeners are told of it."""
    app, told = make_app(), []
    app._kit.on("anomaly", told.append)
    assert asked(app, **signed(sandbox, "opted_out", number="CLINIC")).status_code == 200
    assert [(event.type, event.number) for event in told] == [("anomaly", "CLINIC")]
    assert "telnyx reports what can't be: see " in caplog.text


def test_signed_nonsense_is_a_bad_request(make_app, sandbox):
    """A body that is rightly signed and can't be read is a 400, not a 401."""
    headers = sandbox.signer.headers(b"nonsense", sandbox.now())
    assert asked(make_app(), headers=headers, content=b"nonsense").status_code == 400


@BOTH
@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (LedgerError("the disk is full"), 503, "the disk is full (the provider"),
        (ConfigurationError("set TELNYX_PUBLIC_KEY"), 500, "set TELNYX_PUBLIC_KEY (the provider"),
        (ValueError("+1202"), 500, "a webhook could not be taken in: ValueError in <genexpr>, test_webhook_app.py"),
    ],
)
def test_what_cannot_be_stored_is_to_be_sent_again(make_app, sandbox, logged, monkeypatch, kind, error, status, words):
    """What can't be stored is a 5xx, so that the provider sends it again, and the log names no number."""
    app = make_app(kind)
    monkeypatch.setattr(app._kit.ledger, "submit", lambda _op: (_ for _ in ()).throw(error))
    assert asked(app, **signed(sandbox)).status_code == status
    assert logged[-1][1].startswith(words)
    assert "+1202" not in logged[-1][1]
    monkeypatch.undo()
    assert asked(app, **signed(sandbox)).status_code == 200


def test_a_slow_body_is_given_up_and_one_in_pieces_is_read(make_app, sandbox):
    """A body in pieces is put together; one that takes longer than `patience` is a 408."""
    sent = signed(sandbox)

    async def pieces(*wait):
        for start in range(0, len(sent["content"]), 100):
            yield sent["content"][start : start + 100]
            for item in wait:
                await asyncio.sleep(item)

    app = make_app(patience=0.2)
    assert asked(app, headers=sent["headers"], content=pieces()).status_code == 200
    assert asked(make_app(patience=0.2), headers=sent["headers"], content=pieces(0.15)).status_code == 408


def test_a_sender_that_left_is_not_answered(make_app):
    """A client that disconnects before its body is whole gets no answer and raises nothing."""

    async def gone():
        return {"type": "http.disconnect"}

    async def send(_message):
        pytest.fail("nobody is there")

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    asyncio.run(make_app()(scope, gone, send))


def test_a_failure_of_what_follows_costs_no_answer(make_app, sandbox, logged, monkeypatch, appointment):
    """A stored webhook is answered 200 though the run after it failed: the next resync does the work."""
    app = make_app()
    app._kit.sync(appointment())
    monkeypatch.setattr(app._kit, "resync", lambda **_: (_ for _ in ()).throw(LedgerError("locked")))
    assert asked(app, **signed(sandbox, "opted_out")).status_code == 200
    assert "the next resync does it" in logged[-1][1]
    monkeypatch.undo()
    assert len(sandbox.parked()) == 1
    app._kit.resync()
    assert sandbox.parked() == []


def test_a_run_that_is_left_over_in_another_loop_keeps_no_other_from_following(make_app, sandbox, appointment):
    """A loop that was closed while it ran goes on with nothing: the next webhook's is in the loop of that."""
    app = make_app(AsyncReminderKit)

    async def begin():
        await app._kit.sync(appointment())
        app._request_run()
        await asyncio.sleep(0)

    left = asyncio.new_event_loop()
    left.run_until_complete(begin())
    left.close()
    assert len(sandbox.parked()) == 1
    assert asked(app, "POST", **signed(sandbox, "opted_out", number=NUMBER)).status_code == 200
    assert sandbox.parked() == []
    asyncio.run(app._kit.close())


def test_a_host_that_is_told_of_an_event_twice_hears_it_once(make_app, sandbox):
    """A webhook that is sent again is answered 200, and calls the host's listeners once."""
    app, received = make_app(), []
    app._kit.on("received", received.append)
    sent = signed(sandbox, "received")
    assert [asked(app, **sent).status_code for _ in range(3)] == [200] * 3
    assert len(received) == 1


def test_several_webhooks_at_once_are_followed_in_few_runs(make_app, sandbox, monkeypatch):
    """Webhooks that come together share their runs over what changed."""
    app, runs = make_app(), []
    resync = app._kit.resync

    def counted(**options):
        runs.append(options)
        time.sleep(0.05)
        return resync(**options)

    monkeypatch.setattr(app._kit, "resync", counted)

    async def story():
        async with client_of(app) as client:
            sent = [signed(sandbox, "received", number=f"+120255501{number:02}") for number in range(30)]
            answers = await asyncio.gather(*(client.post("/", **request) for request in sent))
            assert {answer.status_code for answer in answers} == {200}

    asyncio.run(story())
    assert 1 <= len(runs) < 15
    assert all(run == {"only_dirty": True} for run in runs)


@pytest.mark.slow
@BOTH
def test_hundreds_of_webhooks_at_once_are_all_stored(make_app, make_kit, sandbox, appointment, kind):
    """SQLite takes one writer at a time: everyone waits for a turn, nobody is turned away."""
    app, other = make_app(kind), make_kit()
    other.sync(appointment(f"A-{number}", phone=f"+12025550{number:03}") for number in range(100, 140))

    async def busy(until):
        while not until.done():
            await asyncio.to_thread(other.record, appointment("B-1", title=f"{time.monotonic()}"))

    async def story():
        async with client_of(app) as client:
            sent = [signed(sandbox, "opted_out", number=f"+12025550{number:03}") for number in range(100, 400)]
            posted = asyncio.gather(*(client.post("/", **request) for request in sent))
            answers, _ = await asyncio.gather(posted, busy(posted))
        if kind is AsyncReminderKit:
            await app._kit.close()
        return answers

    answers = asyncio.run(story())
    assert {answer.status_code for answer in answers} == {200}
    assert len(other.ledger.read(lambda reader: reader.suppressions())) == 300
    assert sandbox.parked() == []


# Where it lives


def test_without_a_key_to_verify_with_it_does_not_begin(make_kit):
    """An app that could verify nothing refuses to start and names the key."""
    with pytest.raises(ConfigurationError, match="TELNYX_PUBLIC_KEY"):
        WebhookApp(make_kit(provider=Telnyx(api_key="KEY", from_="+12025550100")))
    with pytest.raises(ConfigurationError, match="public key"):
        WebhookApp(make_kit(provider=Telnyx(api_key="KEY", from_="+12025550100", public_key="AAAA")))


def test_a_ledger_that_is_not_ready_is_tried_by_each_webhook(make_app, sandbox, logged, monkeypatch):
    """A ledger that is not ready is told and tried again by each webhook."""
    app = make_app()
    monkeypatch.setattr(app._kit.ledger, "prepare", lambda: (_ for _ in ()).throw(SchemaError("not upgraded")))
    assert asked(app, **signed(sandbox)).status_code == 503
    assert [text.startswith("not upgraded") for _, text in logged] == [True, True]


@pytest.mark.parametrize("path", ["/", "/telnyx"])
@BOTH
def test_starlette_mounts_it(make_app, sandbox, kind, path):
    """Mounted in Starlette, with its lifespan, the app answers below the mount and at its path only."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    app = make_app(kind, path=path)
    host = Starlette(routes=[Mount("/hooks", app=app)], lifespan=app.lifespan)

    async def story():
        transport = httpx.ASGITransport(app=host)
        async with (
            host.router.lifespan_context(host),
            httpx.AsyncClient(transport=transport, base_url="http://host") as client,
        ):
            whole = f"/hooks{path}" if path != "/" else "/hooks/"
            assert (await client.post(whole, **signed(sandbox))).status_code == 200
            assert (await client.post("/hooks/other", **signed(sandbox))).status_code == 404
            assert (await client.post(path, **signed(sandbox))).status_code == 404
        if kind is AsyncReminderKit:
            await app._kit.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ({"path": "/t", "root_path": ""}, 401),
        ({"path": "/hooks/t", "root_path": "/hooks"}, 401),
        ({"path": "/t", "root_path": "/hooks"}, 401),
        ({"path": "/hooks/t", "root_path": "/hook"}, 404),
        ({"path": "/hookst", "root_path": "/hooks"}, 404),
    ],
    ids=["alone", "path is whole", "path is the rest", "another root", "no path of its root"],
)
def test_it_finds_its_path_below_where_it_is_mounted(make_app, scope, status):
    """Servers pass `path` with or without `root_path`: either way the app's own path is found."""
    logged = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        logged.append(message)

    asyncio.run(make_app(path="/t")({"type": "http", "method": "POST", "headers": [], **scope}, receive, send))
    assert logged[0]["status"] == status


def test_other_connections_are_refused(make_app):
    """A websocket is refused by name, since the app speaks HTTP only."""
    with pytest.raises(ValueError, match="websocket"):
        asyncio.run(make_app()({"type": "websocket"}, None, None))


def test_its_lifespan_closes_a_kit_of_its_own(make_app, sandbox, monkeypatch):
    """With `closes=True` the end of the lifespan closes the kit, once."""
    closed = []
    app = make_app(closes=True)
    close = app._kit.close
    monkeypatch.setattr(app._kit, "close", lambda: closed.append(close()))
    events = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    logged = []

    async def receive():
        return next(events)

    async def send(message):
        logged.append(message["type"])

    asyncio.run(app({"type": "lifespan"}, receive, send))
    assert logged == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert closed == [None]


@pytest.fixture
def configured(tmp_path):
    """A configuration, and the environment in which the factory finds it."""
    file = tmp_path / "clinic.toml"
    file.write_text(CONFIG.format(ledger=tmp_path / "r.db"))
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "REMINDER_KIT_CONFIG": str(file),
        "REMINDER_KIT_WEBHOOK_PATH": "/hooks/telnyx",
        "TELNYX_API_KEY": "KEY",
        "TELNYX_PUBLIC_KEY": TELNYX_PUBLIC_KEY,
    }


def answered(job, url, headers, body):
    """Post once the server listens; returns the status."""
    while True:
        try:
            return httpx.post(url, headers=headers, content=body).status_code
        except httpx.ConnectError:
            assert job.poll() is None, job.stderr.read()
            time.sleep(0.05)


def test_a_server_runs_it_from_its_factory(configured):
    """Uvicorn serves what `reminder_kit.webhook_app:app` makes, and ends it well when it is terminated."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    line = [sys.executable, "-m", "uvicorn", "--factory", "reminder_kit.webhook_app:app", "--port", str(port)]
    with subprocess.Popen(line, env=configured, stderr=subprocess.PIPE, text=True) as job:
        url = f"http://127.0.0.1:{port}/hooks/telnyx"
        status = answered(job, url, *signed_event("telnyx", "opted_out", number=NUMBER))
        assert (status, httpx.post(url).status_code, httpx.post(url + "/x").status_code) == (200, 401, 404)
        job.terminate()
        _, err = job.communicate(timeout=20)
    assert "Application shutdown complete" in err
    assert "5550123" not in err


def test_loaded_and_made_it_has_all_that_verifying_needs(configured):
    """Telnyx waits two seconds: the first webhook loads no module that verifies, in any host that mounts it."""
    code = """
import asyncio, json, sys
from reminder_kit.webhook_app import app
endpoint = app()
async def main():
    async with endpoint.lifespan():
        before = set(sys.modules)
        headers, body = json.loads(sys.stdin.read())
        status = await endpoint._taken(headers, body.encode())
        await endpoint._follower
        print(json.dumps([status, sorted(name for name in set(sys.modules) - before)]))
asyncio.run(main())
"""
    headers, body = signed_event("telnyx", "received", number=NUMBER, text="Thanks")
    ran = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps([headers, body.decode()]), env=configured, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    status, loaded = json.loads(ran.stdout)
    assert status == 200
    heavy = ("cryptography", "sqlalchemy", "alembic", "telnyx", "httpx")
    assert not [name for name in loaded if name.split(".")[0] in heavy]


def test_the_factory_names_what_is_missing(configured, tmp_path):
    """The app made from the environment names the configuration file that isn't there."""
    environ = {**configured, "REMINDER_KIT_CONFIG": str(tmp_path / "none.toml")}
    code = "from reminder_kit.webhook_app import app; app()"
    ran = subprocess.run([sys.executable, "-c", code], env=environ, text=True, capture_output=True, check=False)
    assert "none.toml: there is no such file" in ran.stderr


def test_the_follow_up_may_come_after_the_answer_by_hours(make_app, sandbox, appointment):
    """A webhook stored by an endpoint that died is followed by the next batch job."""
    app = make_app()
    app._kit.sync(appointment())
    app._kit.receive(*signed_event("telnyx", "opted_out", number=NUMBER, now=sandbox.now()))
    sandbox.clock.advance(timedelta(hours=3))
    app._kit.resync()
    assert sandbox.parked() == []


def test_a_fallback_that_can_not_be_verified_is_warned_of(make_app, make_kit, logged, sandbox):
    """Telnyx' are taken all the while."""
    provider = Telnyx("KEY", "+12025550100", public_key=TELNYX_PUBLIC_KEY)
    app = make_app(kit=make_kit(provider=provider, fallback=Vonage("Clinic", "k", "KEY")))
    assert "VONAGE_SIGNATURE_SECRET" in logged[0][1]

    async def both():
        async with client_of(app) as client:
            theirs = await client.post("/", content=b"{}", headers={"authorization": "Bearer x"})
            headers, body = signed_event("telnyx", "received", number=NUMBER, text="Hello", now=sandbox.now())
            return theirs.status_code, (await client.post("/", content=body, headers=headers)).status_code

    assert asyncio.run(both()) == (500, 200)


# A provider that tries again


@BOTH
def test_what_a_provider_sends_again_after_a_5xx_is_stored_once(make_app, make_kit, sandbox, appointment, kind):
    """The ledger can't be written twice; Telnyx tries again, and the event is stored and followed once."""
    uvicorn = pytest.importorskip("uvicorn")
    app, failing = make_app(kind), [1, 2]
    kit, submit = app._kit, app._kit.ledger.submit

    def failing_at_first(step):
        if failing:
            failing.pop()
            raise LedgerError("the disk is full")
        return submit(step)

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    (listening,) = server.servers[0].sockets
    try:
        kit.ledger.prepare()
        kit.ledger.submit = failing_at_first
        sandbox.webhook_url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        hook = sandbox.inbound(NUMBER, "STOP")
        assert sandbox.hooks.wait()
        assert hook.answers == [503, 503, 200]
    finally:
        server.should_exit = True
        thread.join(10)
        sandbox.close()
    assert list(kit.ledger.read(lambda reader: reader.suppressions())) == [NUMBER]
    assert len(kit.ledger.read(lambda reader: reader.consent.events(NUMBER))) == 1
    del kit.ledger.submit
    kit.ledger.close()


BURST = """
import asyncio, resource, sqlite3, sys
from reminder_kit import ReminderKit, Rule
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox.signer import Signer
from reminder_kit.webhook_app import WebhookApp
import json
from datetime import UTC, datetime

signer, now = Signer(), datetime(2026, 2, 10, 14, tzinfo=UTC)
kit = ReminderKit(Telnyx("KEY", "+12025550100", public_key=signer.public_key), [Rule("r", before="1 day", text="x")],
                  ledger=sys.argv[1], timezone="UTC", clock=lambda: now)
app = WebhookApp(kit, tell=lambda *_: None)

async def post(number):
    event = {"event_type": "message.received", "id": f"e-{number}",
             "payload": {"from": {"phone_number": f"+1202555{number:04}"}, "text": "Thanks " * 100}}
    body = json.dumps({"data": event}).encode()
    headers = [(name.encode(), value.encode()) for name, value in signer.headers(body, now).items()]
    sent, statuses = [{"type": "http.request", "body": body, "more_body": False}], []
    async def receive(): return sent.pop(0)
    async def send(message): statuses.append(message.get("status"))
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b""}
    await app(scope, receive, send)
    return statuses[0]

async def burst(first, count):
    return set(await asyncio.gather(*(post(number) for number in range(first, first + count))))

async def main():
    async with app.lifespan():
        statuses = await burst(0, 1000)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        statuses |= await burst(1000, 10_000)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    kit.close()
    ledger = sqlite3.connect(sys.argv[1].removeprefix("sqlite:///"))
    (stored,) = ledger.execute("SELECT count(*) FROM reminder_kit_events").fetchone()
    print(json.dumps([sorted(statuses), grown, stored]))

asyncio.run(main())
"""


@pytest.mark.slow
def test_ten_thousand_webhooks_at_once_are_stored_within_bounded_memory(tmp_path):
    """A burst is stored to the last one, and holds some kilobytes for each that waits, not more."""
    url = f"sqlite:///{tmp_path}/burst.db"
    ran = subprocess.run([sys.executable, "-c", BURST, url], cwd=ROOT, text=True, capture_output=True, check=True)
    statuses, grown, stored = json.loads(ran.stdout)
    assert statuses == [200]
    assert stored == 11_000
    assert grown < 150 * 1024  # kilobytes
