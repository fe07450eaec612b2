"""A platform with two accounts and several practices, of either face, for the tests of tenants."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from reminder_kit import Appointment, AsyncTenants, Recipient, Tenants
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport
from reminder_kit.sandbox.signer import Signer
from tests.factories import NUMBER, START

SENDERS = {"north": "+12025550110", "south": "+12025550111", "east": "+12025550112", "west": "+12025550112"}
"""East and west write from one number."""
ACCOUNTS = {"north": "first", "east": "second", "west": "second"}
"""Whose account is whose; south's, and that of all others, is the first."""
ZONES = {"north": "America/New_York", "south": "Europe/Berlin"}


class Platform:
    """Practices on two accounts; `build` is what a platform writes, `broken` whose kits can't be built."""

    def __init__(self):
        self.houses = {}
        for name in ("first", "second"):
            self.houses[name] = Sandbox(clock=START, strict=True, key=name)
            self.houses[name].signer = Signer(name)
        self.changes, self.broken, self.gone, self.built = {}, set(), set(), []
        #: What is added to the arguments of a practice's kit.
        self.options = {}

    def account(self, tenant):
        return ACCOUNTS.get(tenant, "first")

    def house(self, tenant):
        """Return the sandbox of a practice's account."""
        return self.houses[self.account(tenant)]

    def build(self, tenant):
        self.built.append(tenant)
        if tenant in self.broken:
            raise LookupError(f"no row for {tenant} +12025550199")
        if tenant in self.gone:
            return None
        house, text = self.house(tenant), f"{tenant.title()} practice: see you {{{{ when }}}}."
        sender = SENDERS.get(tenant, "+12025550119")
        return {
            "provider": Telnyx(api_key=self.account(tenant), from_=sender, public_key=house.public_key),
            "rules": [{"id": "day-before", "before": "24 hours", "text": text}],
            "timezone": ZONES.get(tenant, "America/New_York"),
            "default_region": "US",
            "clock": house.clock,
            "transport": SandboxTransport(house),
            "replies": {"confirm": ["C"]},
            **self.options.get(tenant, {}),
        }

    def texts(self, tenant):
        """Return the texts that are parked for a practice."""
        sender = SENDERS.get(tenant, "+12025550119")
        return sorted(one.text for one in self.house(tenant).parked() if one.from_ == sender)

    def advance(self, **by):
        for house in self.houses.values():
            house.clock.advance(**by)

    def close(self):
        for house in self.houses.values():
            house.close()


def visit_to(tenant, id="A-1", phone=NUMBER, days=3, **changes):
    """Return an appointment: practices know the same ids and people, each in words of its own."""
    people = [Recipient(phone, name=f"Ada of {tenant}")]
    return Appointment(id, START + timedelta(days=days), recipients=people, title=f"Check-up, {tenant}", **changes)


class Served:
    """Tenants of either face; `run` drives what an async one returns, in one loop of the test's own."""

    def __init__(self, kind, ledger, platform, **options):
        self.runner = asyncio.Runner() if kind is AsyncTenants else None
        self.closed = False
        self.tenants = kind(ledger, platform.build, **options)

    def run(self, made):
        if self.runner is None:
            return made

        async def awaited():
            return await made

        return self.runner.run(awaited())

    def close(self):
        """Close them; again, where a test did so already."""
        if not self.closed:
            self.closed = True
            self.run(self.tenants.close())
            if self.runner is not None:
                self.runner.close()


KINDS = (Tenants, AsyncTenants)
