"""Reminders in a Django project: recorded with what is saved, followed after the commit, and never in its way."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from tests.factories import parked_texts
from tests.integrations.clinic.stage import ADA, BEN, TOLD, told, undone

pytest_plugins = ["tests.integrations.clinic.project"]
pytestmark = pytest.mark.usefixtures("django")

# What is saved


def test_a_booking_and_its_reminder_commit_together(reminders, recorded, patient, book, sandbox):
    """Inside the host's transaction nobody else sees the record; its commit commits both, under the model's name."""
    from django.db import transaction

    with transaction.atomic():
        book(patient)
        assert recorded() == {}
    assert recorded() == {"V-1": "Check-up"}
    assert told(reminders, sandbox) == TOLD
    (record,) = reminders.kit.ledger.read(lambda reader: list(reader.records()))
    assert record.identity.source == "clinic.visit"


def test_what_is_rolled_back_was_never_recorded(recorded, patient, book):
    """A rollback takes the record along, that of a savepoint what was in it."""
    from django.db import transaction

    with undone():
        book(patient)
    with transaction.atomic():
        book(patient, "V-2")
        with undone():
            book(patient, "V-3")
    assert recorded() == {"V-2": "Check-up"}


def test_without_a_transaction_each_save_is_its_own(recorded, patient, book):
    """In autocommit a record is one transaction of its own, which nothing is left open of."""
    from django.db import connection

    book(patient)
    assert not connection.in_atomic_block
    assert not connection.connection.in_transaction
    assert recorded() == {"V-1": "Check-up"}


def test_moves_edits_and_cancellations_are_followed(reminders, patient, book, sandbox):
    """A save that moves a visit moves its reminders; one that is none any more, by its function, is withdrawn."""
    visit = book(patient)
    told(reminders, sandbox)
    visit.starts_at += timedelta(hours=2)
    visit.save()
    assert told(reminders, sandbox) == ["Hi Ada, Check-up tomorrow at 11:00 AM.", "See you today at 11:00 AM."]
    visit.state = "cancelled"
    visit.save(update_fields=["state"])
    assert told(reminders, sandbox) == []


def test_a_row_whose_id_is_changed_is_reminded_of_once(reminders, patient, book, recorded, sandbox):
    """What was recorded under the old id is withdrawn in the same save; what `update` changed, by the batch job."""
    from tests.integrations.clinic.models import Visit

    visit = book(patient)
    told(reminders, sandbox)
    visit.number = "V-2"
    visit.save(update_fields=["title"])
    assert recorded() == {"V-1": "Check-up"}
    visit.save()
    assert recorded() == {"V-2": "Check-up"}
    assert told(reminders, sandbox) == TOLD
    Visit.objects.update(number="V-3")
    [*reminders.feed()]
    assert recorded() == {"V-3": "Check-up"}
    assert told(reminders, sandbox) == TOLD


def test_a_row_that_is_saved_once_more_while_it_is_saved_is_reminded_of_once(patient, book, recorded):
    """A project's own receiver may save the row again, and is called before ours."""
    from django.db.models.signals import post_save

    from tests.integrations.clinic.models import Visit

    visit = book(patient)

    def again(instance, **_more):
        if instance.title != "Floss":
            instance.title = "Floss"
            instance.save()

    ours = post_save.receivers
    post_save.receivers = []
    post_save.connect(again, sender=Visit)
    post_save.receivers += ours
    post_save.sender_receivers_cache.clear()
    try:
        visit.number = "V-2"
        visit.save()
    finally:
        post_save.disconnect(again, sender=Visit)
    assert recorded() == {"V-2": "Floss"}


def test_a_row_that_can_t_be_read_under_its_new_id_stays_under_the_old_one(reminders, patient, book, recorded):
    """What fails is undone as a whole: nothing is withdrawn that has no successor."""
    visit = book(patient)
    visit.number, visit.title = "V-2", "broken"
    visit.save()
    assert recorded() == {"V-1": "Check-up"}


def test_an_id_that_can_t_be_told_any_more_fails_no_save(reminders, patient, book, monkeypatch, caplog):
    """Before a save as after it, the host's function is asked within the host's transaction, and harms it nothing."""
    from django.db import transaction

    from tests.integrations.clinic.models import Visit

    visit = book(patient)
    (tracked,) = reminders.tracked
    monkeypatch.setattr(tracked, "id", lambda visit: Visit.objects.get(pk=0).number)
    with transaction.atomic():
        visit.title = "Floss"
        visit.save()
    assert Visit.objects.get().title == "Floss"
    assert "the id that a row of clinic.visit had can't be told: DoesNotExist" in caplog.text


@pytest.mark.parametrize("how", ["delete", "queryset", "cascade"])
def test_what_is_deleted_is_withdrawn(reminders, recorded, patient, book, sandbox, how):
    """A row that is deleted by itself, with others, or with what it belongs to, leaves no reminder."""
    from tests.integrations.clinic.models import Visit

    visit = book(patient)
    told(reminders, sandbox)
    {"delete": visit.delete, "queryset": Visit.objects.all().delete, "cascade": patient.delete}[how]()
    assert (recorded(), told(reminders, sandbox)) == ({}, [])


def test_what_else_changes_a_row_is_heard_of(reminders, patient, book, sandbox):
    """A patient's new phone is followed for all their visits, read again: no instance in hand says what it was."""
    visit = book(patient)
    assert visit.patient.phone == ADA
    told(reminders, sandbox)
    other = type(patient).objects.get(pk=patient.pk)
    other.phone = BEN
    other.save()
    visit.title = "Floss"
    visit.save()  # its own patient still has the old phone in memory
    told(reminders, sandbox)
    assert {item.to for item in sandbox.parked()} == {BEN}
    assert any("Floss" in text for text in parked_texts(sandbox))


def test_a_model_that_inherits_from_a_tracked_one_is_tracked(recorded, patient, sandbox):
    """Rows of a table of its own are rows of the first one, too."""
    from tests.integrations.clinic.models import HomeVisit

    starts_at = sandbox.clock() + timedelta(days=3)
    HomeVisit.objects.create(number="H-1", patient=patient, starts_at=starts_at, address="12 High Street")
    assert recorded() == {"H-1": "Check-up"}


def test_what_is_no_appointment_costs_nothing(reminders, patient, recorded):
    """Saves of other models record nothing and wake nobody."""
    from django.db import connection, transaction

    from tests.integrations.clinic.models import Note

    with transaction.atomic():
        Note.objects.create(text="water the plants")
        assert connection.run_on_commit == []
    assert recorded() == {}


def test_what_a_fixture_loads_is_left_to_the_batch_job(reminders, fed, recorded, patient, book, tmp_path):
    """loaddata saves rows of half a database: signals with `raw` are passed over, and `feed` finds them."""
    from django.core import serializers
    from django.core.management import call_command

    from tests.integrations.clinic.models import Visit

    book(patient)
    file = tmp_path / "visits.json"
    file.write_text(serializers.serialize("json", Visit.objects.all()).replace("V-1", "V-7"))
    call_command("loaddata", str(file), verbosity=0)
    assert recorded() == {"V-1": "Check-up"}
    fed()
    assert recorded() == {"V-7": "Check-up"}


# What Django tells nobody of


def test_an_update_is_told_by_touch(reminders, recorded, patient, book, sandbox):
    """`update()` and `bulk_update` fire nothing: `touch` records the rows as they are now, in the same transaction."""
    from django.db import transaction

    from tests.integrations.clinic.models import Visit

    for number in range(3):
        book(patient, f"V-{number}")
    with transaction.atomic():
        Visit.objects.filter(number="V-0").update(title="Floss")
        Visit.objects.filter(number="V-1").update(state="cancelled")
        assert recorded() == dict.fromkeys(["V-0", "V-1", "V-2"], "Check-up")
        reminders.touch(Visit.objects.all())
    assert recorded() == {"V-0": "Floss", "V-2": "Check-up"}
    type(patient).objects.update(phone=BEN)
    reminders.touch(type(patient).objects.all())
    told(reminders, sandbox)
    assert {item.to for item in sandbox.parked()} == {BEN}


def test_an_update_of_what_its_condition_asks_for_is_told_by_keys(reminders, recorded, patient, book, sandbox):
    """Keys that were read before find the rows after it, also those that a model's own manager leaves out."""
    from tests.integrations.clinic.models import Visit

    for number in range(3):
        book(patient, f"V-{number}")
    open_visits = Visit.objects.filter(state="booked").exclude(number="V-2")
    keys = list(open_visits.values_list("pk", flat=True))
    open_visits.update(state="cancelled")
    reminders.touch(Visit, keys)
    assert recorded() == {"V-2": "Check-up"}
    type(patient).objects.filter(phone=ADA).update(phone=BEN)
    reminders.touch(type(patient), [patient.pk])
    told(reminders, sandbox)
    assert {item.to for item in sandbox.parked()} == {BEN}


@pytest.mark.parametrize("by", ["rows", "keys"])
def test_a_query_set_that_is_empty_after_the_update_is_told_of(reminders, recorded, patient, book, caplog, by):
    """It looks as it did before and finds nothing: a line of the log says so, and how the rows are found."""
    from tests.integrations.clinic.models import Visit

    book(patient)
    rows = Visit.objects.filter(title="Check-up")
    rows.update(title="Floss")
    reminders.touch(*{"rows": [rows], "keys": [Visit, rows.values_list("pk", flat=True)]}[by])
    assert recorded() == {"V-1": "Check-up"}
    (line,) = caplog.messages
    assert "touch: a query set of Visit is empty" in line
    assert "touch(Visit, keys) after it" in line
    reminders.touch([])
    assert len(caplog.messages) == 1


def test_touch_takes_rows_of_what_is_tracked_only(reminders, patient):
    """Rows of another model are refused by name."""
    from reminder_kit.errors import InvalidInputError
    from tests.integrations.clinic.models import Note

    with pytest.raises(InvalidInputError, match="Note is not tracked"):
        reminders.touch([Note(text="x")])
    with pytest.raises(InvalidInputError, match="Note is not tracked"):
        reminders.touch(Note, [1])


def test_the_batch_job_finds_what_no_signal_told(reminders, fed, recorded, patient, book):
    """`feed` hands in what is live, complete: an update is found, what is not live any more is withdrawn."""
    from tests.integrations.clinic.models import Visit

    for number in range(3):
        book(patient, f"V-{number}")
    Visit.objects.filter(number="V-0").update(title="Floss")
    Visit.objects.filter(number="V-1").update(state="cancelled")
    ((source, report),) = fed()
    assert (source, report.ok) == ("clinic.visit", True)
    assert recorded() == {"V-0": "Floss", "V-2": "Check-up"}


def test_a_row_that_recurs_is_all_its_occurrences(reminders, patient, book, fed):
    """A function may return a list: what of it is gone is withdrawn, by a save as by the batch job."""
    from tests.integrations.clinic.models import Visit

    def coming():
        found = reminders.kit.ledger.read(lambda reader: list(reader.records()))
        return sorted(str(record.start_at.date()) for record in found if not record.removed)

    visit = book(patient, title="course of 3")
    assert coming() == ["2026-02-13", "2026-02-20", "2026-02-27"]
    visit.title = "course of 2"
    visit.save()
    assert coming() == ["2026-02-13", "2026-02-20"]
    Visit.objects.update(title="course of 1")
    fed()
    assert coming() == ["2026-02-13"]
    visit.delete()
    assert coming() == []


# What goes wrong


def test_a_row_that_can_t_be_read_fails_no_save_and_is_listed(reminders, fed, recorded, patient, book, caplog):
    """Its save goes on; a line of the log and an item name it, without a word of what it holds; the job repairs it."""
    from django.db import transaction

    from tests.integrations.clinic.models import Visit

    caplog.set_level(logging.ERROR, "reminder_kit")
    with transaction.atomic():
        visit = book(patient, title="broken")
        book(patient, "V-2")
    assert Visit.objects.count() == 2
    assert recorded() == {"V-2": "Check-up"}
    (line,) = [line for line in caplog.messages if "could not be recorded" in line]
    assert "clinic.visit 'V-1'" in line
    assert "ZeroDivisionError" in line
    assert not [line for line in caplog.messages if "Lovelace" in line or "0123" in line]
    (item,) = reminders.kit.attention()
    assert (item.kind, "V-1" in item.what, "ZeroDivisionError" in item.what) == ("unreadable", True, True)
    fed()
    assert [item.kind for item in reminders.kit.attention()] == ["unreadable"]
    Visit.objects.filter(pk=visit.pk).update(title="Floss")
    fed()
    assert (recorded(), reminders.kit.attention()) == ({"V-1": "Floss", "V-2": "Check-up"}, ())


def test_the_batch_job_keeps_the_words_of_why_a_row_can_t_be_read(reminders, fed, patient, book, monkeypatch):
    """What is listed after a save and after the batch job is the same: our own error, with its remedy."""
    from reminder_kit import Appointment

    (tracked,) = reminders.tracked
    monkeypatch.setattr(
        tracked, "function", lambda visit: Appointment(visit.number, visit.starts_at.replace(tzinfo=None))
    )
    book(patient)
    (listed,) = reminders.kit.attention()
    fed()
    (item,) = reminders.kit.attention()
    assert item.what == listed.what
    assert "starts_at has no time zone" in item.what
    assert "give an aware datetime" in item.what


@pytest.mark.parametrize("title", ["broken", "Check-up"], ids=["never recorded", "recorded before"])
def test_what_a_person_has_seen_of_a_row_that_can_t_be_read_stays_seen(reminders, fed, patient, book, sandbox, title):
    """Each batch job meets the row again, and that is nothing new: neither whether it was seen, nor since when."""
    from tests.integrations.clinic.models import Visit

    book(patient, title=title)
    Visit.objects.update(title="broken")
    fed()
    (listed,) = reminders.kit.attention()
    (seen,) = reminders.kit.attention(seen=listed.id)
    sandbox.clock.advance(minutes=1)
    fed()
    assert reminders.kit.attention() == (seen,)
    assert (seen.seen, seen.since) == (True, listed.since)


def test_where_an_id_can_t_be_told_nothing_of_its_model_is_withdrawn(
    reminders, fed, recorded, patient, book, monkeypatch
):
    """Nobody knows which appointment the row is: its model is refused as unsafe, and the row is named."""
    from reminder_kit.errors import UnsafePlanError

    (tracked,) = reminders.tracked
    book(patient)
    monkeypatch.setattr(tracked, "id", lambda visit: visit.nickname)
    ((source, error),) = fed()
    assert (source, type(error)) == ("clinic.visit", UnsafePlanError)
    assert "the id of row" in str(error)
    assert "AttributeError" in str(error)
    assert recorded() == {"V-1": "Check-up"}


def test_a_recorded_row_that_can_t_be_read_any_more_stays_as_it_was(reminders, fed, recorded, patient, book):
    """The batch job withdraws what is gone, and never what its function failed on."""
    from tests.integrations.clinic.models import Visit

    book(patient), book(patient, "V-2")
    Visit.objects.filter(number="V-1").update(title="broken")
    fed()
    assert recorded() == {"V-1": "Check-up", "V-2": "Check-up"}


def test_one_row_of_many_fails_by_itself(reminders, recorded, patient, book):
    """Of rows that are touched together the others are recorded."""
    from tests.integrations.clinic.models import Visit

    for number in range(3):
        book(patient, f"V-{number}")
    Visit.objects.update(title="Floss")
    Visit.objects.filter(number="V-1").update(title="broken")
    reminders.touch(Visit.objects.all())
    assert recorded() == {"V-0": "Floss", "V-1": "Check-up", "V-2": "Floss"}


def test_an_id_that_is_not_the_rows_own_is_refused(reminders, patient, book, caplog):
    """Where function and `id` name a row differently it could never be withdrawn: it is not recorded, and told."""
    (tracked,) = reminders.tracked
    before, tracked.id = tracked.id, lambda visit: f"visit {visit.pk}"
    book(patient)
    tracked.id = before
    assert "both must be the same" in caplog.text


def test_a_transaction_that_has_failed_already_is_left_alone(patient, book, caplog):
    """Where the host's transaction is broken nothing is tried in it, and nothing said."""
    from django.db import transaction

    with transaction.atomic():
        transaction.set_rollback(True)
        visit = type(patient)._meta.get_field("visits").related_model(pk=1, number="V-1", patient=patient)
        from django.db.models.signals import post_save

        post_save.send(type(visit), instance=visit, using="default", raw=False)
    assert caplog.messages == []


def test_without_its_ledger_a_save_goes_on(django, clinic, tmp_path, caplog):
    """A ledger that can't be reached fails no save."""
    from tests.integrations.clinic.models import Patient, Visit

    clinic(namespace="other", ledger=f"sqlite:///{tmp_path / 'no' / 'ledger.db'}", database=None)
    ada = Patient.objects.create(name="Ada", phone=ADA)
    Visit.objects.create(number="V-1", patient=ada, starts_at="2026-02-13T14:00:00Z")
    assert Visit.objects.count() == 1
    assert "create its folder" in caplog.text


def test_a_ledger_of_its_own_is_followed_after_each_record(clinic, patient, book, sandbox, tmp_path):
    """What is recorded there after the commit is followed, to the last row of the transaction."""
    from django.db import transaction

    reminders = clinic(follow="thread", database=None, ledger=f"sqlite:///{tmp_path / 'ledger.db'}")
    reminders.kit.ledger.upgrade()
    record = reminders.kit.record

    def slowly(*args, **options):
        reminders.wait()  # whatever was woken for before is over by now
        return record(*args, **options)

    reminders.kit.record = slowly
    with transaction.atomic():
        book(patient)
        book(type(patient).objects.create(name="Ben", phone=BEN), "V-2")
    reminders.wait()
    assert len(parked_texts(sandbox)) == 4


def test_what_a_ledger_of_its_own_refuses_is_listed(clinic, patient, book, tmp_path, caplog):
    """The save is committed by then; the row waits for a person."""
    from reminder_kit.errors import LedgerError

    reminders = clinic(database=None, ledger=f"sqlite:///{tmp_path / 'ledger.db'}")

    def refuses(*_args, **_options):
        raise LedgerError("it is locked")

    reminders.kit.record = refuses
    book(patient)
    assert "clinic.visit 'V-1' could not be recorded: it is locked" in caplog.text
    (item,) = [item for item in reminders.kit.attention() if item.kind == "unreadable"]
    assert "V-1" in item.what


# What follows


def test_a_thread_follows_the_commit(clinic, patient, book, sandbox):
    """With FOLLOW "thread" what was booked is parked right after the commit, whoever books, in one run or a few."""
    from django.db import transaction

    reminders = clinic(follow="thread")
    runs = []
    reminders.kit.on("run", runs.append)
    with transaction.atomic():
        for number in range(5):
            book(type(patient).objects.create(name="Ada", phone=f"+1202555012{number}"), f"V-{number}")
    reminders.wait()
    assert len(parked_texts(sandbox)) == 10
    assert len(runs) == 1


def test_a_transaction_wakes_once(reminders, patient, book):
    """However much is saved in a transaction, one callback waits for its commit; a rolled back savepoint's is gone."""
    from django.db import connection, transaction

    with transaction.atomic():
        for number in range(3):
            book(patient, f"V-{number}")
        assert len(connection.run_on_commit) == 1
    with transaction.atomic():
        with undone():
            book(patient, "V-8")
        assert connection.run_on_commit == []
        book(patient, "V-9")
        assert len(connection.run_on_commit) == 1


def test_a_broker_that_is_away_fails_no_commit(clinic, patient, book, recorded, caplog):
    """With FOLLOW "celery" a message that can't be sent is logged by Django, and the booking stands."""
    celery = pytest.importorskip("celery")
    from django.db import transaction

    clinic(follow="celery")
    app = celery.Celery("clinic", broker="memory://", set_as_current=True)
    app.amqp  # noqa: B018 - made before it is broken
    app.send_task = lambda *_args, **_options: 1 / 0
    with transaction.atomic():
        book(patient)
    assert recorded() == {"V-1": "Check-up"}


def test_a_host_that_commits_by_itself_is_served_by_the_batch_job(patient, book, recorded, fed):
    """Without autocommit Django has no hook for a commit: what is recorded commits with the host's own, unfollowed."""
    from django.db import transaction

    transaction.set_autocommit(False)
    try:
        book(patient)
        book(patient, "V-2", title="broken")
        transaction.commit()
    finally:
        transaction.set_autocommit(True)
    assert recorded() == {"V-1": "Check-up"}


def test_a_broker_that_is_away_fails_no_webhook(clinic, caplog):
    """What came in is stored, and answered as such."""
    celery = pytest.importorskip("celery")
    reminders = clinic(follow="celery")
    app = celery.Celery("clinic", broker="memory://", set_as_current=True)
    app.amqp  # noqa: B018 - made before it is broken
    app.send_task = lambda *_args, **_options: 1 / 0
    reminders.wake()
    assert "the batch job, follows" in caplog.text


def test_a_kit_is_replaced_while_its_follower_records(clinic, patient, book, recorded):
    """Whoever still follows, and needs the kit for that, is waited for, and nobody waits for ever."""
    from threading import Event

    from django.db import transaction

    reminders, began = clinic(follow="thread"), Event()

    def saved_by_a_listener(_run):
        if not began.is_set():
            began.set()
            book(patient, "V-2")

    reminders.kit.on("run", saved_by_a_listener)
    before = reminders.kit
    with transaction.atomic():
        book(patient, "V-1")
    assert began.wait(10)
    assert clinic(timezone="Europe/Berlin").kit is not before
    assert set(recorded()) == {"V-1", "V-2"}
