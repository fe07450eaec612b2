"""A Django project's databases: which one holds the ledger, and that Django's migrations make its tables."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from datetime import timedelta

import pytest

from tests.factories import parked_texts
from tests.integrations.clinic.stage import ADA, TOLD, told, undone

pytest_plugins = ["tests.integrations.clinic.project"]
pytestmark = pytest.mark.usefixtures("django")

# Databases


@pytest.mark.hosts
def test_another_database_is_recorded_after_its_commit(clinic, server, sandbox):
    """Rows of a database that does not hold the ledger are recorded once they are committed, and not before."""
    from django.db import transaction

    from tests.integrations.clinic.models import Patient, Visit

    reminders = clinic()
    with transaction.atomic(using=server):
        ada = Patient.objects.using(server).create(name="Ada", phone=ADA)
        starts_at = sandbox.clock() + timedelta(days=3)
        Visit.objects.using(server).create(number="V-1", patient=ada, starts_at=starts_at)
        assert reminders.kit.status()["appointments"] == 0
    assert reminders.kit.status()["appointments"] == 1


@pytest.mark.hosts
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_on_postgresql_it_is_all_the_same(clinic, server, sandbox, book, driver, monkeypatch):
    """With either driver a booking commits with its record, and a failing record leaves the transaction usable."""
    from django.db import connections, transaction

    from tests.integrations.clinic.models import Patient, Visit

    reminders = clinic(database=server)
    if driver == "psycopg2":
        connections[server].get_new_connection = lambda _params: _psycopg2(connections[server])
        connections[server].close()
        monkeypatch.setattr("django.db.backends.postgresql.base.is_psycopg3", False)
    with transaction.atomic(using=server):
        ada = Patient.objects.using(server).create(name="Ada", phone=ADA)
        book(ada), book(ada, "V-2", title="broken")
        with connections[server].cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
    reminders.kit.resync(only_dirty=True)
    assert (parked_texts(sandbox), Visit.objects.using(server).count()) == (TOLD, 2)
    with reminders.kit.ledger.writing() as other:
        other._runner.statement("LOCK TABLE reminder_kit_appointments IN EXCLUSIVE MODE")
        with transaction.atomic(using=server):
            with connections[server].cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '50ms'")
            book(ada, "V-3")
    assert Visit.objects.using(server).filter(number="V-3").exists()
    reminders.close()


def _psycopg2(wrapper):
    import psycopg2

    given = wrapper.settings_dict
    return psycopg2.connect(
        dbname=given["NAME"], user=given["USER"], password=given["PASSWORD"], host=given["HOST"], port=given["PORT"]
    )


def test_in_memory_it_works_too(clinic, sandbox, kept_in):
    """A test database in memory takes records in the host's transaction, and the kit reads them once committed."""
    from django.core.management import call_command
    from django.db import connections, transaction

    from tests.integrations.clinic.models import Patient, Visit

    name = "file:clinic_memory?mode=memory&cache=shared"
    connections.databases["memory"] = {**connections.databases["default"], "NAME": name}
    kept_in("memory")
    try:
        reminders = clinic(database="memory")
        call_command("migrate", run_syncdb=True, database="memory", verbosity=0)
        with transaction.atomic(using="memory"):
            ada = Patient.objects.using("memory").create(name="Ada", phone=ADA)
            starts_at = sandbox.clock() + timedelta(days=3)
            Visit.objects.using("memory").create(number="V-1", patient=ada, starts_at=starts_at)
        with undone("memory"):
            Visit.objects.using("memory").create(number="V-2", patient=ada, starts_at=starts_at)
        assert told(reminders, sandbox) == TOLD
    finally:
        reminders.close()
        connections["memory"].connection.close()  # Django itself never closes one in memory
        del connections.databases["memory"]
        del connections["memory"]


def test_a_copy_in_another_database_is_left_alone(recorded, patient, book, archive):
    """Neither a copy's content nor its deletion is the row's: an archive withdraws nobody's reminder."""
    from tests.integrations.clinic.models import Visit

    copy = book(patient)
    patient.save(using=archive)
    copy.title = "as it was"
    copy.save(using=archive)
    assert recorded() == {"V-1": "Check-up"}
    Visit.objects.using(archive).get().delete()
    assert recorded() == {"V-1": "Check-up"}
    book(type(patient).objects.using(archive).get(), "V-2")
    assert recorded() == {"V-1": "Check-up"}


def test_rows_count_where_the_routers_write_the_model_to(recorded, patient, book, archive, fed):
    """A project whose routers keep visits in another database than the default is followed there, and only there."""
    from django.test import override_settings

    class Router:
        def db_for_write(self, model, **_hints):
            return archive if model._meta.app_label == "clinic" else None

        db_for_read = db_for_write

    with override_settings(DATABASE_ROUTERS=[Router()]):
        patient.save(using=archive)
        visit = book(patient)
        assert (visit._state.db, recorded()) == (archive, {"V-1": "Check-up"})
        fed()
        visit.title = "as it was"
        visit.save(using="default")
        assert recorded() == {"V-1": "Check-up"}
        visit.delete(using=archive)
    assert recorded() == {}


def test_what_else_changes_a_row_may_be_in_another_database(recorded, patient, book, archive, monkeypatch):
    """Once it is committed there the rows are read again where they are, and what is rolled back tells nothing."""
    from django.db import transaction

    from reminder_kit.integrations.django import reminders
    from tests.integrations.clinic.models import Note, Visit

    (tracked,) = reminders.tracked
    monkeypatch.setattr(tracked, "also", {Note: lambda note: Visit.objects.using("default").filter(number=note.text)})
    book(patient)
    Visit.objects.update(title="Floss")
    with undone(archive):
        Note.objects.using(archive).create(text="V-1")
    with transaction.atomic(using=archive):
        Note.objects.using(archive).create(text="V-1")
        assert recorded() == {"V-1": "Check-up"}
    assert recorded() == {"V-1": "Floss"}


def test_a_database_that_is_none_is_refused_as_a_model_is_tracked(reminders):
    """A misspelt alias would be heard of nowhere."""
    from reminder_kit.errors import InvalidInputError
    from tests.integrations.clinic.models import Note

    with pytest.raises(InvalidInputError, match="'defalt' is no database of DATABASES, which has 'default'"):
        reminders.track(Note, using="defalt")


# Tables


def test_there_is_one_migration_for_each_version_of_the_ledger():
    """Who adds a version adds a migration of Django's: `reminder_kit/integrations/django/migrations`."""
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    from reminder_kit.ledger.versions import VERSIONS

    loader = MigrationLoader(connection)
    ours = sorted(key for key in loader.disk_migrations if key[0] == "reminder_kit")
    made = [
        operation.version
        for key in ours
        for split in loader.disk_migrations[key].operations
        for operation in split.database_operations
    ]
    assert tuple(made) == VERSIONS


def test_every_table_of_the_ledger_is_known_to_django():
    """TransactionTestCase empties the tables that Django knows; the one that holds their version must stay."""
    from django.apps import apps

    from reminder_kit.ledger.sql.tables import tables_of

    known = {model._meta.db_table for model in apps.get_app_config("reminder_kit").get_models()}
    assert known == {*tables_of(None).metadata.tables} - {"reminder_kit_alembic_version"}


def test_models_and_migrations_agree():
    """`makemigrations` finds nothing to do."""
    from django.core.management import call_command

    with redirect_stdout(io.StringIO()):
        call_command("makemigrations", "reminder_kit", check=True, dry_run=True)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.hosts)])
def test_djangos_tables_are_the_ledgers_own(kind, request, clinic, tmp_path):
    """Made by `migrate`, the tables are those that `ledger upgrade` makes: the ledger's own check finds nothing."""
    alias = "default" if kind == "sqlite" else request.getfixturevalue("server")
    reminders = clinic(database=alias)
    assert reminders.kit.ledger.check_schema() == "current"
    reminders.close()


def test_emptied_tables_keep_their_version(clinic, patient, book):
    """After `flush`, which TransactionTestCase does, nothing is recorded, and the ledger is current."""
    from django.core.management import call_command

    book(patient)
    call_command("flush", interactive=False, verbosity=0)
    kit = clinic().kit
    assert (kit.ledger.check_schema(), kit.status()["appointments"]) == ("current", 0)


def test_tables_that_are_there_already_stay(django, tmp_path):
    """Where `ledger upgrade` made them before, migrations leave them, and what is in them, as they are."""
    from django.core.management import call_command
    from django.db import connections
    from django.test import override_settings

    from reminder_kit.ledger.ledger import Ledger
    from reminder_kit.testing.ledger_stage import NOW, incoming

    ledger = Ledger(f"sqlite:///{tmp_path / 'older.db'}")
    ledger.upgrade()
    with ledger.writing() as tx:
        tx.record([incoming()], NOW)
    ledger.close()
    connections.databases["older"] = {**connections.databases["default"], "NAME": str(tmp_path / "older.db")}
    with override_settings(REMINDER_KIT={"DATABASE": "older", "OPTIONS": {"provider": None}}):
        call_command("migrate", "reminder_kit", database="older", verbosity=0)
        call_command("migrate", "reminder_kit", "zero", database="older", verbosity=0)
    connections["older"].close()
    del connections.databases["older"]
    del connections["older"]
    assert ledger.read(lambda reader: reader.counts())["appointments"] == 1
    ledger.close()


@pytest.mark.parametrize("name", ["feature%2Flogin", "a b?c#d%41é", "plain"])
def test_a_file_may_be_called_anything(name, clinic, tmp_path):
    """As it is on the disk, whatever its letters mean in an address."""
    from django.db import connections

    from reminder_kit.integrations.django.databases import ledger_of

    folder = tmp_path / name
    folder.mkdir()
    connections.databases["odd"] = {**connections["default"].settings_dict, "NAME": str(folder / "db.sqlite3")}
    try:
        ledger = ledger_of("odd", "default")
        ledger.upgrade()
        ledger.close()
        assert (folder / "db.sqlite3").exists()
        assert [path.name for path in tmp_path.iterdir()] == [name]
    finally:
        connections["odd"].close()
        del connections["odd"], connections.databases["odd"]


def test_what_is_djangos_own_is_no_parameter_of_the_servers(clinic):
    """The role that Django assumes is the ledger's, too; psycopg's settings are not libpq's."""
    from reminder_kit.integrations.django.databases import _postgresql

    options = {"assume_role": "desk staff", "prepare_threshold": 5, "isolation_level": 2, "pool": True}
    given = {"HOST": "db", "PORT": "", "NAME": "clinic", "USER": "ada", "PASSWORD": "", "OPTIONS": options}
    assert dict(_postgresql(given).query) == {"options": r"-c role=desk\ staff"}
    both = {**given, "OPTIONS": {"options": "-c jit=off", "assume_role": "desk", "sslmode": "require"}}
    assert dict(_postgresql(both).query) == {"options": "-c jit=off -c role=desk", "sslmode": "require"}
    assert dict(_postgresql({**given, "OPTIONS": {}}).query) == {}


@pytest.mark.hosts
def test_the_role_that_django_assumes_holds_for_the_ledger(clinic, server):
    """On a real server."""
    from django.db import connections

    from reminder_kit.integrations.django.databases import ledger_of

    with connections[server].cursor() as cursor:
        cursor.execute("CREATE ROLE desk; GRANT desk TO CURRENT_USER")
        cursor.execute("GRANT ALL ON SCHEMA public TO desk; GRANT ALL ON ALL TABLES IN SCHEMA public TO desk")
    connections[server].settings_dict["OPTIONS"]["assume_role"] = "desk"
    try:
        ledger = ledger_of(server, "default")
        assert ledger.ask(lambda found: found.exec_driver_sql("SELECT current_user").scalar(), None) == "desk"
        ledger.close()
    finally:
        del connections[server].settings_dict["OPTIONS"]["assume_role"]
        with connections[server].cursor() as cursor:
            cursor.execute("DROP OWNED BY desk; DROP ROLE desk")
