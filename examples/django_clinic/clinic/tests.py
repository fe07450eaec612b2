"""The project's own tests, on a local Telnyx with a clock of its own: `python manage.py test`."""

from __future__ import annotations

from datetime import timedelta

from django.apps import apps
from django.test import Client, TestCase, TransactionTestCase, override_settings

from clinic.models import Patient, Visit
from reminder_kit.integrations.django import reminders
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport
from reminder_kit.testing import TELNYX_PUBLIC_KEY, signed_event, would_receive

ADA = "+12025550101"


class Story:
    """Has the project's kit speak to a sandbox."""

    def setUp(self) -> None:
        """Use the file's rules, and a provider that sends nothing."""
        self.telnyx = Sandbox(clock="2026-02-10T14:00:00Z")
        options = {
            "provider": Telnyx(api_key="KEY", from_="+12025550100", public_key=TELNYX_PUBLIC_KEY),
            "transport": SandboxTransport(self.telnyx),
            "clock": self.telnyx.clock,
        }
        setting = override_settings(REMINDER_KIT={"FOLLOW": None, "OPTIONS": options, "CONFIG": "reminders.toml"})
        setting.enable()
        self.addCleanup(setting.disable)
        self.addCleanup(reminders.close)

    def booked(self) -> Visit:
        """Book three days ahead by the project's page."""
        starts_at = self.telnyx.clock() + timedelta(days=3)
        answer = Client().post("/book/", {"name": "Ada", "phone": ADA, "starts_at": starts_at.isoformat()})
        return Visit.objects.get(pk=answer.json()["visit"])


class Saving(Story, TestCase):
    """Each test is a transaction that is rolled back, and the records go with it."""

    def test_a_booking_is_recorded_and_forgotten(self) -> None:
        """What is saved is recorded in the test's own transaction."""
        recorded = apps.get_model("reminder_kit", "Appointment").objects.all()
        visit = self.booked()
        self.assertEqual([row.id for row in recorded], [str(visit.pk)])

    test_and_once_more = test_a_booking_is_recorded_and_forgotten


class Following(Story, TransactionTestCase):
    """Commits are real here, so that what follows them can be seen; Django empties the tables after each test."""

    def test_what_would_she_receive(self) -> None:
        """Who books is reminded; who moves, at the new time."""
        visit = self.booked()
        reminders.kit.resync(only_dirty=True)
        visit.starts_at += timedelta(hours=1)
        visit.save()
        (message,) = would_receive(reminders.kit, self.telnyx, ADA)
        self.assertEqual(message.text, "Hi Ada, see you tomorrow at 10:00 AM.")

    def test_a_stop_is_obeyed(self) -> None:
        """A signed webhook comes in by the project's own address."""
        self.booked()
        reminders.kit.resync(only_dirty=True)
        headers, body = signed_event("telnyx", "opted_out", number=ADA, now=self.telnyx.clock())
        answer = Client().post("/hooks/telnyx", body, content_type="application/json", headers=headers)
        reminders.kit.resync(only_dirty=True)
        self.assertEqual((answer.status_code, self.telnyx.parked()), (200, []))

    def test_nothing_is_left_of_other_tests(self) -> None:
        """The tables are empty, and still of the ledger's version."""
        self.assertEqual(reminders.kit.status()["appointments"], 0)
        self.assertEqual((Patient.objects.count(), reminders.kit.ledger.check_schema()), (0, "current"))
