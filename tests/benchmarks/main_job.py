"""Ratios of the main job, measured in one run.

`python tests/benchmarks/main_job.py [--scale 0.1] [plan resync park import]`

Every figure is told next to one of the same run: the machine's speed divides out.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

START = datetime(2026, 2, 10, 14, 0, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")


class Timing:
    """What something took: seconds of this process's CPU, and of the wall."""

    cpu = wall = 0.0


@contextmanager
def timed():
    timing = Timing()
    cpu, wall = time.process_time(), time.perf_counter()
    yield timing
    timing.cpu, timing.wall = time.process_time() - cpu, time.perf_counter() - wall


def rules():
    from reminder_kit import Rule

    return [
        Rule("day", before="24 hours", text="Hi {{ recipient.name }}, {{ appointment.title }} {{ when }}."),
        Rule("hours", before="2 hours", text="{{ recipient.name }}, see you {{ when }}."),
        Rule("evening", days_before=1, at="18:00", text="Tomorrow: {{ appointment.title }}, {{ when }}."),
    ]


def appointments(count, days=0):
    from reminder_kit import Appointment, Recipient

    for index in range(count):
        starts_at = (START + timedelta(days=days, hours=30, minutes=15 * (index % 6000))).astimezone(ZONE)
        person = Recipient(f"+1202555{index % 10_000:04d}", name=f"Ada {index}")
        yield Appointment(f"A-{index}", starts_at, recipients=[person], title="Check-up", location="12 High Street")


def make_kit(folder, **options):
    from reminder_kit import QuietHours, ReminderKit
    from reminder_kit.providers.telnyx.provider import Telnyx

    provider = Telnyx(api_key="KEY", from_="+12025550100", base_url=options.pop("base_url", "http://127.0.0.1:9/v2"))
    return ReminderKit(
        provider,
        options.pop("rules", None) or rules(),
        f"sqlite:///{folder}/ledger.db",
        timezone="America/New_York",
        quiet_hours=QuietHours("21:00", "08:00"),
        clock=lambda: START,
        **options,
    )


def naive(count):
    """The plain way: pendulum for the instants, Jinja for the text, nothing remembered."""
    import pendulum
    from jinja2.sandbox import SandboxedEnvironment

    template = SandboxedEnvironment().from_string("Hi {{ name }}, {{ title }} {{ when }}.")
    for appointment in appointments(count):
        start = pendulum.instance(appointment.starts_at)
        for due in (start.subtract(hours=24), start.subtract(hours=2), start.subtract(days=1).at(18, 0)):
            allowed = due if 8 <= due.hour < 21 else due.at(20, 59)
            assert allowed
            template.render(
                name=appointment.recipients[0].name,
                title=appointment.title,
                when=start.format("dddd D MMMM [at] HH:mm"),
            )


def bench_plan(scale):
    count = int(100_000 * scale)
    with tempfile.TemporaryDirectory() as folder, make_kit(folder) as kit:
        with timed() as ours:
            plan = kit.plan(appointments(count))
        with timed() as plain:
            naive(count)
        made = len(plan.changes)
    print(
        f"(a) plan {count} appointments x 3 rules: {ours.cpu / made * 1e6:.0f} us a reminder,"
        f" {ours.cpu / plain.cpu:.2f} x the CPU of pendulum + Jinja done naively ({plain.cpu / made * 1e6:.0f} us)"
    )


def bench_resync(scale):
    from reminder_kit.model.records import Incoming

    count = int(100_000 * scale)
    far = [rule for rule in rules() if rule.id != "none"]
    with tempfile.TemporaryDirectory() as folder, make_kit(folder, rules=far) as kit:
        held = list(appointments(count))
        shifted = [
            type(appointment)(**{**fields(appointment), "starts_at": appointment.starts_at + timedelta(days=20)})
            for appointment in held
        ]
        kit.sync(shifted)
        with timed() as ours:
            report = kit.resync()
        with timed() as taken:
            kit.resync(shifted)
        with timed() as plain:
            for appointment in shifted:
                Incoming.of(appointment)
    print(
        f"(b) resync of {report.summary['appointments']} unchanged, from the ledger:"
        f" {ours.cpu / count * 1e6:.0f} us an appointment; handed in again: {taken.cpu / count * 1e6:.0f} us,"
        f" {taken.cpu / plain.cpu:.1f} x the CPU of only taking their fingerprints"
    )


def fields(appointment):
    names = ("id", "starts_at", "recipients", "title", "location")
    return {name: getattr(appointment, name) for name in names}


@contextmanager
def local_telnyx():
    """A sandbox in a process of its own, so that it does not share the client's interpreter."""
    command = [sys.executable, "-m", "reminder_kit", "sandbox", "--port", "0", "--now", "2026-02-10T14:00:00Z"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            for line in server.stdout:
                if "http://" in line:
                    address = line[line.index("http://") :].split()[0].strip("\"'")
                    break
            yield address
        finally:
            server.terminate()


def body(index):
    return {
        "from": "+12025550100",
        "to": f"+1202555{index % 10_000:04d}",
        "text": f"Hi Ada {index}, Check-up tomorrow at 9:00 AM.",
        "send_at": "2026-02-12T14:00:00Z",
    }


async def bare_httpx(address, count, concurrency):
    import httpx

    headers = {"Authorization": "Bearer KEY"}
    context = httpx.create_ssl_context()
    numbers = iter(range(count))

    async def worker():
        async with httpx.AsyncClient(verify=context, headers=headers) as client:
            for index in numbers:
                (await client.post(f"{address}/messages", json=body(index))).raise_for_status()

    await asyncio.gather(*(worker() for _ in range(concurrency)))


async def official_sdk(address, count, concurrency):
    import telnyx

    client = telnyx.AsyncTelnyx(api_key="KEY", base_url=address, max_retries=0)
    numbers = iter(range(count))

    async def worker():
        for index in numbers:
            fields = body(index)
            await client.messages.send(from_=fields.pop("from"), **fields)

    await client.messages.send(from_="+12025550100", to="+12025550123", text="x", send_at="2026-02-12T14:00:00Z")
    with timed() as timing:
        await asyncio.gather(*(worker() for _ in range(concurrency)))
    return timing


async def ours_async(address, count, concurrency, folder):
    from reminder_kit import AsyncReminderKit, Rule
    from reminder_kit.providers.telnyx.provider import Telnyx

    provider = Telnyx(api_key="KEY", from_="+12025550100", base_url=address)
    one = [Rule("day", before="24 hours", text="Hi {{ recipient.name }}, {{ appointment.title }} {{ when }}.")]
    url = f"sqlite:///{folder}/ledger.db"
    async with AsyncReminderKit(provider, one, url, clock=lambda: START, concurrency=concurrency) as kit:
        with timed() as timing:
            report = await kit.sync(near(count))
        assert report.summary["schedule"] == count, report.summary
    return timing


def ours_blocking(address, count, concurrency, folder):
    from reminder_kit import Rule

    one = [Rule("day", before="24 hours", text="Hi {{ recipient.name }}, {{ appointment.title }} {{ when }}.")]
    with make_kit(folder, base_url=address, rules=one, concurrency=concurrency) as kit, timed() as timing:
        report = kit.sync(near(count))
    assert report.summary["schedule"] == count, report.summary
    return timing


def near(count):
    return [
        type(appointment)(**{**fields(appointment), "starts_at": START + timedelta(days=3, minutes=index % 600)})
        for index, appointment in enumerate(appointments(count))
    ]


def bench_park(scale):
    count = int(2_000 * scale)
    with local_telnyx() as address:
        for concurrency in (1, 16, 64):
            with timed() as bare:
                asyncio.run(bare_httpx(address, count, concurrency))
            sdk = asyncio.run(official_sdk(address, count, concurrency))
            with tempfile.TemporaryDirectory() as folder:
                ours = asyncio.run(ours_async(address, count, concurrency, folder))
            with tempfile.TemporaryDirectory() as folder:
                blocking = ours_blocking(address, count, concurrency, folder)
            print(
                f"(c) park {count} at concurrency {concurrency}:"
                f" async kit {count / ours.wall:.0f}/s, blocking kit {count / blocking.wall:.0f}/s,"
                f" official async SDK {count / sdk.wall:.0f}/s, bare httpx {count / bare.wall:.0f}/s;"
                f" wall x SDK: {ours.wall / sdk.wall:.2f} async, {blocking.wall / sdk.wall:.2f} blocking;"
                f" wall x httpx: {ours.wall / bare.wall:.2f}, {blocking.wall / bare.wall:.2f}"
            )


def import_seconds(statement):
    code = f"import time; t = time.process_time(); {statement}; print(time.process_time() - t)"
    runs = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(7)
    ]
    return min(runs)


def bench_import(_scale):
    base = import_seconds("import attrs, pendulum, httpx")
    bare = import_seconds("import reminder_kit")
    names = import_seconds("from reminder_kit import Appointment, Recipient, ReminderKit, Rule, QuietHours")
    print(
        f"(d) import reminder_kit: {bare / base:.2f} x import attrs, pendulum, httpx;"
        f" with its public names loaded: {names / base:.2f} x"
    )


BENCHES = {"plan": bench_plan, "resync": bench_resync, "park": bench_park, "import": bench_import}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="*", default=list(BENCHES), help="of: " + " ".join(BENCHES))
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the full size")
    options = parser.parse_args(arguments)
    for name in options.which:
        BENCHES[name](options.scale)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main()
