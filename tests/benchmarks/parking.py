"""What parking a reminder costs: ours, and what people would write instead. Each side is run in a process of its own.

`python tests/benchmarks/parking.py SIDE COUNT ADDRESS FOLDER [LEDGER]` prints CPU and wall seconds of one side as JSON.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest import mock

START = datetime(2026, 11, 30, 14, tzinfo=UTC)  # a Monday, 9:00 in New York
CONCURRENCY = 64
WARM = 64


def visits(count, prefix="A"):
    """Return appointments of which one reminder each lands in the provider's window.

    Of another prefix they are other people's: else they would be told what they were told under another id.
    """
    from reminder_kit import Appointment, Recipient

    area = 202 if prefix == "A" else 212
    return [
        Appointment(
            f"{prefix}-{index}",
            START + timedelta(days=3, minutes=index % 600),
            recipients=[Recipient(f"+1{area}555{index % 10_000:04d}", name=f"Ada {index}")],
            title="Check-up",
            location="12 High Street",
        )
        for index in range(count)
    ]


class Timing:
    """CPU seconds of this process, and seconds of the wall."""

    def __enter__(self):
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_error):
        self.cpu, self.wall = time.process_time() - self._cpu, time.perf_counter() - self._wall


def kit(kind, address, ledger):
    """Return a kit as in the README: one rule, quiet hours."""
    import reminder_kit
    from reminder_kit import QuietHours, Rule
    from reminder_kit.providers.telnyx.provider import Telnyx

    return getattr(reminder_kit, kind)(
        Telnyx(api_key="KEY", from_="+12025550100", base_url=address),
        [Rule("day", before="24 hours", text="Hi {{ recipient.name }}, {{ appointment.title }} {{ when }}.")],
        ledger,
        timezone="America/New_York",
        quiet_hours=QuietHours("21:00", "08:00"),
        clock=lambda: START,
        concurrency=CONCURRENCY,
    )


def ours(count, address, ledger):
    """The async kit, on a ledger that is durable."""

    async def story():
        async with kit("AsyncReminderKit", address, ledger) as made:
            await made.sync(visits(WARM, "W"))
            with Timing() as timing:
                report = await made.sync(visits(count))
        assert report.summary["schedule"] == count
        return timing

    return asyncio.run(story())


def ours_blocking(count, address, ledger):
    """The blocking kit, likewise."""
    with kit("ReminderKit", address, ledger) as made:
        made.sync(visits(WARM, "W"))
        with Timing() as timing:
            report = made.sync(visits(count))
    assert report.summary["schedule"] == count
    return timing


def by_hand():
    """Return what makes a body of an appointment, as most people would: pendulum and Jinja."""
    import pendulum
    from jinja2.sandbox import SandboxedEnvironment

    template = SandboxedEnvironment().from_string("Hi {{ name }}, {{ title }} {{ when }}.")

    def body(visit):
        start = pendulum.instance(visit.starts_at).in_timezone("America/New_York")
        due = start.subtract(hours=24)
        due = due if 8 <= due.hour < 21 else due.at(20, 59)
        (person,) = visit.recipients
        text = template.render(name=person.name, title=visit.title, when=start.format("dddd D MMMM [at] HH:mm"))
        return {"to": person.phone, "text": text, "send_at": due.in_timezone("UTC").to_iso8601_string()}

    return body


def sdk(count, address, _ledger):
    """The official SDK's async client, without a ledger: what is lost or doubled nobody knows."""
    import telnyx

    async def story():
        client, body = telnyx.AsyncTelnyx(api_key="KEY", base_url=address, max_retries=0), by_hand()
        numbers = iter(visits(count + WARM))

        async def worker(limit=None):
            for done, visit in enumerate(numbers, start=1):
                await client.messages.send(from_="+12025550100", **body(visit))
                if done == limit:
                    return

        await worker(WARM)
        with Timing() as timing:
            await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
        await client.close()
        return timing

    return asyncio.run(story())


def sdk_and_rows(count, address, folder):
    """The official SDK in a loop, with a row for each message before it is sent and after: what people write."""
    import telnyx

    client, body = telnyx.Telnyx(api_key="KEY", base_url=address, max_retries=0), by_hand()
    database = sqlite3.connect(f"{folder}/rows.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE messages (id TEXT PRIMARY KEY, body TEXT, provider_id TEXT)")

    def send(visit):
        made = body(visit)
        database.execute("INSERT INTO messages VALUES (?, ?, NULL)", (visit.id, json.dumps(made)))
        answer = client.messages.send(from_="+12025550100", **made)
        database.execute("UPDATE messages SET provider_id = ? WHERE id = ?", (answer.data.id, visit.id))

    for visit in visits(WARM, "W"):
        send(visit)
    with Timing() as timing:
        for visit in visits(count):
            send(visit)
    return timing


def apscheduler(count, _address, folder):
    """APScheduler with its SQLite job store: only put down, nothing is at the provider yet."""
    from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(jobstores={"default": SQLAlchemyJobStore(f"sqlite:///{folder}/jobs.db")})
    scheduler.start(paused=True)
    body = by_hand()

    def put_down(visit):
        made = body(visit)
        at = datetime.fromisoformat(made["send_at"])
        scheduler.add_job("builtins:print", "date", run_date=at, args=[made], id=visit.id, misfire_grace_time=None)

    for visit in visits(WARM, "W"):
        put_down(visit)
    with Timing() as timing:
        for visit in visits(count):
            put_down(visit)
    scheduler.shutdown(wait=False)
    return timing


def celery(count, _address, _folder):
    """Celery's `eta` tasks, only published, to a broker in memory: a real one costs the connection besides."""
    from celery import Celery

    app, body = Celery("reminders", broker="memory://"), by_hand()

    @app.task(name="remind")
    def remind(_made):
        """Stand for the sending: none is due while this runs."""

    def publish(visit):
        made = body(visit)
        remind.apply_async((made,), eta=datetime.fromisoformat(made["send_at"]))

    for visit in visits(WARM, "W"):
        publish(visit)
    with Timing() as timing:
        for visit in visits(count):
            publish(visit)
    return timing


def exchanging(count, address, made):
    """Exchange requests, by as many transports of one kind as there are at once: no kit, no ledger."""
    from reminder_kit.ports import Request
    from reminder_kit.providers.telnyx.provider import Telnyx
    from reminder_kit.transport.http import HttpChannel

    channel = HttpChannel(Telnyx(api_key="KEY", from_="+12025550100", base_url=address), 30.0, None)
    post = Request("POST", "/messages", b'{"text":"Hi Ada"}', {"content-type": "application/json"})

    async def story():
        numbers = iter(range(count))

        async def worker():
            async with made(channel) as transport:
                for _ in numbers:
                    async with asyncio.timeout(30):
                        answer = await transport.handle_async_request(channel.built(post))
                        await answer.aread()
                        await answer.aclose()

        with Timing() as timing:
            await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
        return timing

    return asyncio.run(story())


def connections(count, address, _folder):
    """Requests over connections of our own."""
    return exchanging(count, address, lambda channel: channel.opened_async())


def httpx_transports(count, address, _folder):
    """Requests over httpx's transports."""
    import httpx

    context = httpx.create_ssl_context(verify=False)
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
    return exchanging(count, address, lambda _: httpx.AsyncHTTPTransport(verify=context, limits=limits))


def bare_exchange(count, address, _folder):
    """Requests and answers over asyncio's streams alone: nothing is checked, and nothing that goes wrong is told."""
    host, port = address.removeprefix("http://").removesuffix("/v2").split(":")
    body = b'{"from":"+12025550100","to":"+12025550123","text":"Hi Ada","send_at":"2026-12-02T14:00:00Z"}'
    head = f"POST /v2/messages HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(body)}\r\n\r\n".encode()

    async def story():
        numbers = iter(range(count))

        async def worker():
            reader, writer = await asyncio.open_connection(host, int(port))
            for _ in numbers:
                writer.write(head + body)
                answer = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
            writer.close()

        with Timing() as timing:
            await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
        return timing

    return asyncio.run(story())


def bare_rows(count, address, ledger):
    """The very statements that parking runs, with their values, transaction by transaction, on `sqlite3` alone."""
    from reminder_kit.ledger.databases.runner import CursorRunner
    from reminder_kit.ledger.databases.sqlite import SQLiteFile

    asked = []
    executed, writing = CursorRunner._executed, SQLiteFile.writing

    def noted(self, method, sql, *values):
        asked.append((method, sql, *values))
        return executed(self, method, sql, *values)

    @contextmanager
    def in_transaction(self):
        asked.append(("execute", "BEGIN IMMEDIATE"))
        with writing(self) as connection:
            yield connection
        asked.append(("execute", "COMMIT"))

    path = ledger.removeprefix("sqlite:///")
    with kit("ReminderKit", address, ledger) as made:
        made.sync(visits(WARM, "W"))
    shutil.copy(path, f"{path}-bare")
    with (
        mock.patch.object(CursorRunner, "_executed", noted),
        mock.patch.object(SQLiteFile, "writing", in_transaction),
        kit("ReminderKit", address, ledger) as made,
    ):
        made.sync(visits(count))
    database = sqlite3.connect(f"{path}-bare", isolation_level=None)
    database.execute("PRAGMA synchronous = FULL")
    with Timing() as timing:
        for method, *rest in asked:
            getattr(database.cursor(), method)(*rest).fetchall()
    return timing


SIDES = {
    side.__name__: side
    for side in (
        ours,
        ours_blocking,
        sdk,
        sdk_and_rows,
        apscheduler,
        celery,
        connections,
        httpx_transports,
        bare_exchange,
        bare_rows,
    )
}


def main(side, count, address, folder, ledger=""):
    own = side.startswith("ours") or side == "bare_rows"
    timing = SIDES[side](int(count), address, (ledger or f"sqlite:///{folder}/ledger.db") if own else folder)
    print(json.dumps({"cpu": timing.cpu / int(count) * 1e6, "rate": int(count) / timing.wall}))


if __name__ == "__main__":
    main(*sys.argv[1:])
