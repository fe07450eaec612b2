"""Only type-checked, never run: the public face as hosts use it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import assert_type

from reminder_kit import (
    Appointment,
    AsyncReminderKit,
    AsyncTenants,
    Change,
    DeliveryEvent,
    Plan,
    QuietHours,
    Recipient,
    ReminderKit,
    Report,
    Rule,
    Run,
    Tenants,
)
from reminder_kit.providers.telnyx import Telnyx

visit = Appointment("A-1", datetime(2026, 2, 13, tzinfo=UTC), recipients=[Recipient("+12025550123", name="Ada")])
rules = [Rule("day-before", before="24 hours", text="See you {{ when }}.")]
kit = ReminderKit(Telnyx(from_="+12025550100"), rules, quiet_hours=QuietHours("21:00", "08:00"))

assert_type(kit.plan([visit], complete=True), Plan)
assert_type(kit.sync(visit), Report)
assert_type(kit.apply(kit.plan(visit), expect_digest="…"), Report)
assert_type(kit.record(visit), None)
assert_type(kit.resync((row for row in [visit]), complete=True, as_of=kit.now()), Report)
assert_type(kit.plan_calendar("clinic.ics", as_of=kit.now()), Plan)
kit.record([visit], as_of=kit.now())
assert_type(kit.withdraw("A-1").ok, bool)
assert_type(kit.reconcile_opt_outs(), int)
assert_type(bool(kit.allow("+12025550123", consent="signed form, 12 May", way="front desk")), bool)
assert_type(kit.consent("+12025550123").bars[0].said, str)

cautious = ReminderKit(Telnyx(from_="+12025550100"), rules, fallback=Telnyx(from_="+12025550101"))
assert_type(cautious.receive({}, b"", provider="telnyx"), tuple[DeliveryEvent, ...])


async def embedded() -> None:
    async with AsyncReminderKit(Telnyx(from_="+12025550100"), rules) as async_kit:
        assert_type(await async_kit.sync([visit]), Report)
        assert_type(await async_kit.resync(), Report)
        assert_type(await async_kit.sync([visit], covers=["A-1"], as_of=async_kit.now()), Report)


def build(name: str) -> dict[str, object] | None:
    return {"provider": Telnyx(from_=name), "rules": rules}


tenants = Tenants("sqlite:///all.db", build, names=lambda: ["north"], keep=10)
assert_type(tenants["north"], ReminderKit)
assert_type(tenants.resync().ok, bool)
assert_type(tenants.resync(tenants=["north"]).reports, dict[str, Report])
assert_type(tenants.names(), list[str])
assert_type(tenants.receive({}, b"")[0].tenant, str)


async def many() -> None:
    async with AsyncTenants("sqlite:///all.db", build) as async_tenants:
        assert_type(await async_tenants["north"].sync([visit]), Report)
        assert_type((await async_tenants.resync()).reports, dict[str, Report])


def told_run(run: Run) -> None:
    assert_type(run.report, Report | None)


def told_change(change: Change) -> None:
    assert_type(change.happened, str)


def told_event(event: DeliveryEvent) -> None:
    assert_type(event.reason, str)


kit.on("run", told_run)
kit.on("change", told_change)
kit.on("delivered", told_event)
kit.on("*", told_event)
