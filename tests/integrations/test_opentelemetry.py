"""Metrics for OpenTelemetry, read by its own SDK: what runs did, how long they took, what stands where."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from datetime import timedelta

import pytest

from reminder_kit import AsyncReminderKit
from reminder_kit.errors import LedgerError, UnsafePlanError
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.testing import TELNYX_PUBLIC_KEY, signed_event

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from reminder_kit.integrations.opentelemetry import instrument

ALWAYS = {"reminder_kit.provider": "telnyx", "reminder_kit.namespace": "default"}


class Metrics:
    """What a collector sees."""

    def __init__(self):
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider([self.reader], shutdown_on_exit=False)

    def all(self):
        return {metric.name: metric for metric in self.exported()}

    def exported(self):
        data = self.reader.get_metrics_data()
        scopes = (
            [scope for resource_metrics in data.resource_metrics for scope in resource_metrics.scope_metrics]
            if data
            else []
        )
        return [metric for scope in scopes for metric in scope.metrics]

    def points(self, name):
        """Return what a metric shows, by its own attributes."""
        metric = self.all().get(f"reminder_kit.{name}")
        if metric is None:
            return {}
        return {
            tuple(value for key, value in sorted(point.attributes.items()) if key not in ALWAYS): getattr(
                point, "value", None
            )
            for point in metric.data.data_points
        }


@pytest.fixture
def metrics():
    seen = Metrics()
    yield seen
    seen.provider.shutdown()


@pytest.fixture
def watched(make_kit, metrics):
    """Return a factory of kits whose metrics are collected."""

    def make(**options):
        provider = Telnyx("KEY", "+12025550100", public_key=TELNYX_PUBLIC_KEY)
        kit = make_kit(provider=provider, **options)
        instrument(kit, metrics.provider)
        return kit

    return make


def test_changes_are_counted_by_what_happened_and_why(watched, metrics, sandbox, appointment):
    """Each change of a run counts once, under its status and its reason code."""
    kit = watched()
    kit.sync([appointment(), appointment("A-2"), appointment("A-3", days=20), appointment("A-4", days=-1)])
    kit.withdraw("A-2")
    sandbox.inbound("+12025550123", "STOP")
    kit.sync(appointment("A-5"))
    assert metrics.points("changes") == {
        ("parked", "on_time"): 2,
        ("held", "beyond_window"): 1,
        ("skipped", "past"): 1,
        ("cancelled", "removed"): 1,
        ("rejected", "opted_out"): 1,
        ("cancelled", "opted_out"): 1,  # what was parked for the number that the provider just refused
    }


def test_runs_are_timed_by_who_asked_and_how_they_failed(watched, metrics, appointment):
    """Durations in seconds are told apart by the verb and, where it raised, by the error's class."""
    kit = watched()
    kit.sync([appointment(f"A-{number}", hours=number / 4) for number in range(12)])
    kit.resync()
    kit.resync()
    with pytest.raises(UnsafePlanError):
        kit.sync([appointment()], complete=True)
    durations = metrics.all()["reminder_kit.run.duration"]
    assert durations.unit == "s"
    by_actor = {
        (point.attributes["reminder_kit.run.actor"], point.attributes.get("error.type")): point
        for point in durations.data.data_points
    }
    assert {key: point.count for key, point in by_actor.items()} == {
        ("sync", None): 1,
        ("resync", None): 2,
        ("sync", "UnsafePlanError"): 1,
    }
    assert all(point.sum > 0 and max(point.explicit_bounds) == 900 for point in by_actor.values())


def test_what_stands_where_is_read_from_the_ledger(watched, metrics, sandbox, appointment):
    """Reminders, messages, dirty appointments and ages are measured as the ledger stands."""
    kit = watched()
    assert metrics.points("reminders") == {}
    assert (metrics.points("dirty"), metrics.points("unsettled.age")) == ({(): 0}, {(): 0.0})
    assert metrics.points("resync.age") == {}
    forget(kit)
    kit.sync([appointment(), appointment("A-2"), appointment("A-3", days=20), appointment("A-4", days=-1)])
    kit.record(appointment("A-5"))
    kit.resync()
    kit.record(appointment("A-6"))
    sandbox.clock.advance(minutes=7)
    seen = {name: metrics.points(name) for name in ("reminders", "messages", "dirty", "unsettled.age", "resync.age")}
    assert seen == {
        "reminders": {("on_time", "parked"): 3, ("beyond_window", "held"): 1, ("past", "skipped"): 1},
        "messages": {("scheduled",): 3},
        "dirty": {(): 1},
        "unsettled.age": {(): 0.0},
        "resync.age": {(): 420.0},
    }


def forget(_kit):
    """Wait until what was read of the ledger is read anew."""
    import time

    time.sleep(0.6)


def test_an_unsettled_message_shows_its_age(watched, metrics, sandbox, appointment):
    """Five minutes after a lost answer, the oldest unsettled message is 300 seconds old."""
    kit = watched()
    sandbox.fault("drop_after", times=None)
    kit.sync(appointment())
    sandbox.clock.advance(minutes=5)
    assert metrics.points("unsettled.age") == {(): 300.0}


def test_webhooks_are_counted_by_type_and_reason(watched, metrics, sandbox, appointment):
    """A reply that confirms counts twice: as received and as confirmed."""
    kit = watched(replies={"confirm": ["C"]})
    kit.sync(appointment())
    message = sandbox.parked()[0].id
    sandbox.clock.advance(days=3)
    kit.receive(*signed_event("telnyx", "undelivered", provider_id=message, now=sandbox.now()))
    kit.receive(*signed_event("telnyx", "received", text="C", now=sandbox.now()))
    assert metrics.points("events") == {("undelivered", "unreachable"): 1, ("received",): 1, ("confirm",): 1}


def test_no_attribute_holds_anything_personal(watched, metrics, sandbox, appointment):
    """Neither numbers, names, places, ids nor the text of replies reach a collector."""
    kit = watched()
    kit.sync(appointment("A-secret", title="Root canal", location="12 High Street"))
    kit.receive(*signed_event("telnyx", "received", text="I am ill", now=sandbox.now()))
    shown = metrics.reader.get_metrics_data().to_json()
    for personal in ("5550123", "5550100", "Ada", "Root canal", "High Street", "A-secret", "I am ill"):
        assert personal not in shown


def test_names_and_units_follow_the_conventions(watched, metrics, appointment):
    """Names are dotted and lower-case, units are "s" or in braces, and attributes have our prefix."""
    kit = watched()
    kit.sync(appointment())
    kit.resync()
    kit.receive(*signed_event("telnyx", "delivered", now=kit.now()))
    seen, counted = metrics.all(), ("run.duration", "changes", "events")
    assert set(seen) == {
        f"reminder_kit.{name}" for name in (*counted, "reminders", "messages", "dirty", "unsettled.age", "resync.age")
    }
    for metric in seen.values():
        assert re.fullmatch(r"[a-z][a-z_]*(\.[a-z][a-z_]*)+", metric.name)
        assert re.fullmatch(r"s|\{[a-z]+\}", metric.unit)
        assert metric.description
        for point in metric.data.data_points:
            assert point.attributes.items() >= ALWAYS.items()
            for name in point.attributes:
                assert name == "error.type" or name.startswith("reminder_kit.")


def test_the_async_face_is_watched_too(watched, metrics, appointment):
    """`instrument` counts and measures an `AsyncReminderKit` just so."""

    async def story():
        async with watched(kind=AsyncReminderKit) as kit:
            await kit.sync(appointment())
            return await asyncio.to_thread(metrics.points, "messages")

    assert asyncio.run(story()) == {("scheduled",): 1}
    assert metrics.points("changes") == {("parked", "on_time"): 1}


def test_two_kits_are_told_apart_by_their_namespace(make_kit, metrics, appointment):
    """Two kits on one meter provider each have their own points."""
    for name in ("north", "south"):
        kit = make_kit(namespace=name)
        instrument(kit, metrics.provider)
        kit.sync(appointment())
    seen = metrics.exported()
    for name in ("changes", "messages"):
        points = [point for item in seen if item.name == f"reminder_kit.{name}" for point in item.data.data_points]
        assert sorted(point.attributes["reminder_kit.namespace"] for point in points) == ["north", "south"]


def test_a_ledger_that_cannot_be_read_shows_nothing(watched, metrics, appointment, monkeypatch, caplog):
    """A locked ledger leaves its measurements out, logs nothing and hides no counter."""
    kit = watched()
    kit.sync(appointment())
    monkeypatch.setattr(kit.ledger, "read", lambda _question: (_ for _ in ()).throw(LedgerError("locked")))
    assert metrics.points("messages") == {}
    assert metrics.points("changes") == {("parked", "on_time"): 1}
    assert caplog.text == ""


def test_one_collection_reads_the_ledger_once(watched, metrics, appointment, monkeypatch):
    """All measurements of one collection share one read."""
    kit, reads = watched(), []
    kit.sync(appointment())
    read = kit.ledger.read
    monkeypatch.setattr(kit.ledger, "read", lambda question: reads.append(1) or read(question))
    metrics.all()
    assert len(reads) == 1


def test_without_a_meter_provider_metrics_cost_nothing(make_kit, appointment):
    """Without a provider of its own or a global one, `instrument` leaves the kit working."""
    kit = make_kit()
    instrument(kit)
    assert kit.sync(appointment()).ok


def test_without_the_package_it_says_what_to_install():
    """The import error names the extra to install."""
    code = "import sys; sys.modules['opentelemetry'] = None; import reminder_kit.integrations.opentelemetry"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'reminder-kit[opentelemetry]'" in ran.stderr


def test_time_is_the_kits(watched, metrics, sandbox, appointment):
    """An age is never below nothing, whatever the clock does."""
    kit = watched()
    kit.sync(appointment())
    kit.resync()
    sandbox.clock.set(sandbox.now() - timedelta(hours=1))
    assert metrics.points("resync.age") == {(): 0.0}
