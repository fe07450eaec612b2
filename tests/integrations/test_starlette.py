"""A kit in an ASGI application: its life, its dependency, its webhooks, and the job of its own."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from reminder_kit import AsyncReminderKit, AsyncTenants, ReminderKit, Tenants
from reminder_kit.errors import ConfigurationError, InvalidInputError
from reminder_kit.integrations.starlette import Reminders
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import SandboxTransport
from reminder_kit.testing import TELNYX_PUBLIC_KEY, signed_event
from tests.factories import NUMBER, parked_texts

SOON = 60.0
"""Seconds in which what is to happen happens."""


@pytest.fixture(params=[ReminderKit, AsyncReminderKit], ids=["blocking", "async"])
def kit(make_kit, request):
    return make_kit(kind=request.param, provider=Telnyx("KEY", "+12025550100", public_key=TELNYX_PUBLIC_KEY))


def run(reminders, story, *routes):
    """Tell a story to an application while it runs."""

    async def whole():
        app = Starlette(routes=routes, lifespan=reminders.lifespan)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://x") as client,
        ):
            return await story(client)

    return asyncio.run(whole())


async def until(is_so):
    async with asyncio.timeout(SOON):
        while not is_so():  # noqa: ASYNC110 - what a host sees is asked for
            await asyncio.sleep(0.005)


async def spoken(answer):
    return await answer if asyncio.iscoroutine(answer) else answer


def test_what_a_request_records_is_followed_after_it(kit, appointment, sandbox):
    """A route records and wakes; the task parks, apart from the request."""
    reminders = Reminders(kit)

    async def book(_request):
        await spoken(reminders().record(appointment()))
        reminders.wake()
        return JSONResponse({})

    async def story(client):
        assert (await client.post("/book")).status_code == 200
        await until(sandbox.parked)

    run(reminders, story, Route("/book", book, methods=["POST"]))
    assert len(parked_texts(sandbox)) == 1


def test_the_end_of_the_application_waits_for_what_it_was_woken_for(kit, appointment, sandbox):
    """What was recorded in the last request is parked before the process ends; the kit is closed."""
    reminders = Reminders(kit)

    async def story(_client):
        await spoken(kit.record(appointment()))
        reminders.wake()

    run(reminders, story)
    assert len(parked_texts(sandbox)) == 1
    assert kit.ledger._open.database is None


def test_webhooks_are_mounted_and_followed(kit, appointment, sandbox):
    """A signed STOP comes in by the mounted endpoint; what is parked is withdrawn."""
    reminders = Reminders(kit)

    async def story(client):
        await spoken(kit.sync(appointment()))
        headers, body = signed_event("telnyx", "opted_out", number=NUMBER, now=sandbox.clock())
        assert (await client.post("/hooks/telnyx", headers=headers, content=body)).status_code == 200
        assert (await client.post("/hooks/telnyx", content=body)).status_code == 401
        await until(lambda: not sandbox.parked())

    run(reminders, story, Mount("/hooks", reminders.webhooks("/telnyx")))


def test_every_does_the_batch_job_again_and_again(kit, appointment, sandbox):
    """The first run is at once, the next after the pause; `live` is taken in as complete each time."""
    rows, runs = [appointment("A-1"), appointment("A-2")], []
    kit.on("run", lambda found: runs.append(found.report.summary["appointments"]))
    reminders = Reminders(kit, every=0.05, live=lambda: iter(rows))

    async def story(_client):
        await until(lambda: len(runs) >= 1)
        assert len(sandbox.parked()) == 2
        del rows[1:]
        await until(lambda: len(sandbox.parked()) == 1)

    run(reminders, story)
    assert len(runs) >= 2


def test_a_run_that_fails_ends_nothing(kit, appointment, sandbox, caplog):
    """It is logged, and the next one does it."""
    reminders = Reminders(kit)
    resync = kit.resync

    def fails(**_options):
        kit.resync = resync
        raise ZeroDivisionError

    async def story(_client):
        await spoken(kit.record(appointment()))
        kit.resync = fails
        reminders.wake()
        await until(lambda: "a run failed: ZeroDivisionError" in caplog.text)
        reminders.wake()
        await until(sandbox.parked)

    run(reminders, story)


def test_a_ledger_that_can_t_be_prepared_stops_no_application(make_kit, tmp_path, caplog):
    """The error is logged with its remedy, and requests are answered."""
    reminders = Reminders(make_kit(ledger=f"sqlite:///{tmp_path / 'no' / 'ledger.db'}"))

    async def story(client):
        return (await client.get("/")).status_code

    assert run(reminders, story, Route("/", lambda _request: JSONResponse({}))) == 200
    assert "create its folder" in caplog.text


def test_the_applications_own_lifespan_is_wrapped(kit):
    """It begins after the kit is ready and ends before the kit is closed, and its state is the application's."""
    seen = []

    @asynccontextmanager
    async def own(_app):
        seen.append("begins")
        yield {"clinic": "open"}
        seen.append("ends")

    reminders = Reminders(kit, wraps=own)

    async def story(_client):
        assert seen == ["begins"]

    run(reminders, story)
    assert seen == ["begins", "ends"]


def test_a_wake_after_the_loop_was_closed_harms_nothing(make_kit, caplog):
    """A host that ended without its lifespan's end has committed all the same: the batch job does it, the log says."""
    reminders = Reminders(make_kit())
    loop = asyncio.new_event_loop()
    life = reminders.lifespan(None)
    loop.run_until_complete(life.__aenter__())
    left = asyncio.all_tasks(loop)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    reminders.wake()
    assert (len(left), "event loop is closed" in caplog.text) == (1, True)


def test_a_wake_before_the_application_runs_harms_nothing(kit):
    """There is nobody to follow: the batch job does it."""
    Reminders(kit).wake()


@pytest.mark.parametrize("every", ["60s", "1 minute", timedelta(minutes=1), 60])
def test_a_pause_is_said_as_everywhere(kit, every):
    """As the command line says it, in words, or in seconds."""
    assert Reminders(kit, every=every)._pause == 60


@pytest.mark.parametrize("every", ["soon", 0, -1, "2 days"])
def test_a_pause_that_can_t_be_is_refused(kit, every):
    """By name."""
    with pytest.raises(ConfigurationError, match="every"):
        Reminders(kit, every=every)


def test_it_may_be_woken_from_any_thread(kit, appointment, sandbox):
    """A host's hooks may run in threads."""
    reminders = Reminders(kit)

    async def story(_client):
        await spoken(kit.record(appointment()))
        await asyncio.to_thread(reminders.wake)
        await until(sandbox.parked)

    run(reminders, story)


@pytest.mark.hosts
def test_fastapi_hands_the_kit_over_as_a_dependency(kit, appointment, sandbox):
    """`Depends(reminders)` is the kit; lifespan and mount are those of Starlette."""
    fastapi = pytest.importorskip("fastapi")
    reminders = Reminders(kit)
    app = fastapi.FastAPI(lifespan=reminders.lifespan)
    app.mount("/hooks", reminders.webhooks("/telnyx"))
    needed = fastapi.Depends(reminders)

    @app.post("/book")
    async def book(given=needed):
        await spoken(given.record(appointment()))
        reminders.wake()
        return {"same": given is kit}

    async def whole():
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://x") as client,
        ):
            answer = await client.post("/book")
            await until(sandbox.parked)
            return answer.json()

    assert asyncio.run(whole()) == {"same": True}


@pytest.mark.parametrize("kind", [Tenants, AsyncTenants], ids=["blocking", "async"])
def test_an_application_may_serve_many_tenants(kind, sandbox, appointment, tmp_path):
    """`reminders()[name]` is a tenant's kit; what any of them recorded is followed, and one endpoint hears for all."""
    senders = {"north": "+12025550110", "south": "+12025550111"}

    def build(name):
        provider = Telnyx("KEY", senders[name], public_key=TELNYX_PUBLIC_KEY)
        rules = [{"id": "day-before", "before": "24 hours", "text": f"{name}: {{{{ when }}}}."}]
        world = {"clock": sandbox.clock, "transport": SandboxTransport(sandbox)}
        return {"provider": provider, "rules": rules, "timezone": "America/New_York", **world}

    reminders = Reminders(kind(f"sqlite:///{tmp_path / 'all.db'}", build))
    hooks = Mount("/hooks", reminders.webhooks("/telnyx"))
    stop = {"number": NUMBER, "our_number": senders["south"], "now": sandbox.clock()}

    async def story(client):
        for name in senders:
            await spoken(reminders()[name].record(appointment()))
        reminders.wake()
        await until(lambda: len(sandbox.parked()) == 2)
        headers, body = signed_event("telnyx", "opted_out", **stop)
        assert (await client.post("/hooks/telnyx", headers=headers, content=body)).status_code == 200
        await until(lambda: len(sandbox.parked()) == 1)

    run(reminders, story, hooks)
    assert parked_texts(sandbox) == ["north: tomorrow at 9:00 AM."]
    with pytest.raises(InvalidInputError, match="live is one kit's"):
        Reminders(reminders.kit, live=list)
