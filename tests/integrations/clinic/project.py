"""Fixtures: the clinic set up in this process, on an SQLite file and on PostgreSQL. A pytest plug-in."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tests.integrations.clinic.settings import RULES, SETTINGS
from tests.integrations.clinic.stage import ADA

pytest.importorskip("django")

OPTIONS = {"default": {"transaction_mode": "IMMEDIATE"}}


@pytest.fixture(scope="session")
def django(tmp_path_factory):
    """Django with the clinic, its tables in an SQLite file."""
    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    file = tmp_path_factory.mktemp("clinic") / "clinic.sqlite3"
    options = OPTIONS["default"] if django.VERSION >= (5, 1) else {}
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file), "OPTIONS": options}
    settings.configure(**SETTINGS, DATABASES={"default": database})
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    yield django
    connections.close_all()


def empty(connection):
    """Empty the tables that tests fill; Django's own `flush` takes a tenth of a second."""
    from django.apps import apps
    from django.core.management.color import no_style

    models = [model for label in ("clinic", "reminder_kit") for model in apps.get_app_config(label).get_models()]
    tables = [model._meta.db_table for model in (*models, apps.get_model("auth", "User"))]
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), tables, allow_cascade=True))


@pytest.fixture
def clinic(django, sandbox):
    """A function that sets REMINDER_KIT for a test; by itself its kit speaks to the sandbox, and nobody follows."""
    from django.db import connections
    from django.test import override_settings

    from reminder_kit.integrations.django import reminders
    from reminder_kit.providers.telnyx import Telnyx
    from reminder_kit.sandbox import SandboxTransport
    from reminder_kit.testing import TELNYX_PUBLIC_KEY

    over = []

    def options(**changes):
        return {
            "provider": Telnyx(api_key="KEY", from_="+12025550100", public_key=TELNYX_PUBLIC_KEY),
            "rules": RULES,
            "transport": SandboxTransport(sandbox),
            "clock": sandbox.clock,
            **changes,
        }

    def use(follow=None, database="default", **changes):
        over.append(
            override_settings(REMINDER_KIT={"FOLLOW": follow, "DATABASE": database, "OPTIONS": options(**changes)})
        )
        over[-1].enable()
        return reminders

    yield use
    reminders.close()
    for setting in reversed(over):
        setting.disable()
    empty(connections["default"])
    connections.close_all()


@pytest.fixture
def kept_in(django, monkeypatch):
    """Return a function that says which database's visits are tracked."""
    from reminder_kit.integrations.django import reminders

    (tracked,) = reminders.tracked
    return lambda alias: monkeypatch.setattr(tracked, "using", alias)


@pytest.fixture
def archive(django, tmp_path):
    """The alias of a second SQLite database with the clinic's tables, in which copies are kept."""
    from django.core.management import call_command
    from django.db import connections

    connections.databases["archive"] = {**connections.databases["default"], "NAME": str(tmp_path / "archive.db")}
    call_command("migrate", "clinic", run_syncdb=True, database="archive", verbosity=0)
    yield "archive"
    connections["archive"].close()
    del connections.databases["archive"]
    del connections["archive"]


@pytest.fixture
def server(django, postgres_url, kept_in):
    """The alias of a PostgreSQL database with the clinic's tables, whose visits are tracked."""
    from django.core.management import call_command
    from django.db import connections
    from django.test import override_settings

    parts = urlsplit(postgres_url)
    given = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": parts.username,
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname,
        "PORT": str(parts.port),
    }
    connections.databases["server"] = {**connections.databases["default"], **given, "OPTIONS": {}}
    with override_settings(REMINDER_KIT={"DATABASE": "server", "OPTIONS": {"provider": None}}):
        call_command("migrate", "clinic", run_syncdb=True, database="server", verbosity=0)
        call_command("migrate", "reminder_kit", database="server", verbosity=0)
    kept_in("server")
    yield "server"
    connections["server"].close()
    del connections.databases["server"]
    del connections["server"]


@pytest.fixture
def patient(clinic):
    """Ada."""
    from tests.integrations.clinic.models import Patient

    clinic()
    return Patient.objects.create(name="Ada", phone=ADA)


@pytest.fixture
def book(clinic, sandbox):
    """Return a function that books a visit of a patient, three days ahead."""
    from tests.integrations.clinic.models import Visit

    def make(patient, number="V-1", days=3, **fields):
        starts_at = sandbox.clock() + timedelta(days=days)
        return Visit.objects.using(patient._state.db).create(
            number=number, patient=patient, starts_at=starts_at, **fields
        )

    return make


@pytest.fixture
def reminders(patient):
    """The project's registry, for a kit that nobody wakes."""
    from reminder_kit.integrations.django import reminders

    return reminders


@pytest.fixture
def recorded(reminders):
    """Return a function that tells what is recorded: the starts and titles by id, of what is not withdrawn."""

    def tell():
        found = reminders.kit.ledger.read(lambda reader: list(reader.records()))
        return {record.identity.id: record.appointment.title for record in found if not record.removed}

    return tell


@pytest.fixture
def fed(reminders):
    """Return a function that does the batch job's reading, at the very instant at which all else was recorded."""
    return lambda: [*reminders.feed()]
