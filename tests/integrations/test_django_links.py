"""Many-to-many fields of a Django project: whoever is linked is reminded, and whoever is no longer is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.integrations.clinic.stage import ADA, BEN, told, undone

pytest_plugins = ["tests.integrations.clinic.project"]
pytestmark = pytest.mark.usefixtures("django")


@pytest.fixture
def guest(patient):
    """Ben, whose visit it is not."""
    return type(patient).objects.create(name="Ben", phone=BEN)


@pytest.fixture
def reminded(reminders, sandbox):
    """Return a function that tells who is reminded."""

    def tell():
        told(reminders, sandbox)
        return {message.to for message in sandbox.parked()}

    return tell


@pytest.fixture(params=["also", "not also"])
def _either_way(request, reminders, monkeypatch):
    """Whether a project has said that a patient's row changes visits, which is about its own fields."""
    if request.param == "not also":
        (tracked,) = reminders.tracked
        monkeypatch.setattr(tracked, "also", {})


def test_a_form_reminds_everyone_whom_it_names(patient, guest, reminded, sandbox):
    """ModelForm.save stores the visit first and its guests after that, by which time the visit was recorded already."""
    from django.db import transaction
    from django.forms import modelform_factory

    from tests.integrations.clinic.models import Visit

    made = modelform_factory(Visit, fields=["number", "patient", "starts_at", "title", "state", "guests"])
    starts_at = sandbox.clock() + timedelta(days=3)
    fields = {"number": "V-1", "patient": patient.pk, "starts_at": starts_at, "title": "Check-up", "state": "booked"}
    with transaction.atomic():
        made({**fields, "guests": [guest.pk]}).save()
    assert reminded() == {ADA, BEN}


ADDED = {
    "add": lambda visit, guest: visit.guests.add(guest),
    "add a key": lambda visit, guest: visit.guests.add(guest.pk),
    "set": lambda visit, guest: visit.guests.set([guest]),
    "create": lambda visit, guest: visit.guests.create(name=guest.name, phone=guest.phone),
    "add, from the other end": lambda visit, guest: guest.guest_of.add(visit),
    "set, from the other end": lambda visit, guest: guest.guest_of.set([visit]),
}
REMOVED = {
    "remove": lambda visit, guest: visit.guests.remove(guest),
    "remove a key": lambda visit, guest: visit.guests.remove(guest.pk),
    "clear": lambda visit, _guest: visit.guests.clear(),
    "set": lambda visit, _guest: visit.guests.set([]),
    "set, cleared first": lambda visit, _guest: visit.guests.set([], clear=True),
    "remove, from the other end": lambda visit, guest: guest.guest_of.remove(visit),
    "clear, from the other end": lambda _visit, guest: guest.guest_of.clear(),
    "set, from the other end": lambda _visit, guest: guest.guest_of.set([]),
}


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("how", ADDED)
def test_whoever_is_added_is_reminded(patient, guest, book, reminded, how):
    """By whichever call, and from whichever end."""
    visit = book(patient)
    assert reminded() == {ADA}
    ADDED[how](visit, guest)
    assert reminded() == {ADA, BEN}


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("how", REMOVED)
def test_whoever_is_removed_is_reminded_no_more(patient, guest, book, reminded, how):
    """Their text is withdrawn, that of whose visit it is stays, and so do other visits'."""
    visit = book(patient)
    visit.guests.add(guest)
    assert reminded() == {ADA, BEN}
    REMOVED[how](visit, guest)
    assert reminded() == {ADA}


def test_links_that_are_rolled_back_remind_nobody(patient, guest, book, reminded):
    """They are recorded in the host's own transaction."""
    visit = book(patient)
    with undone():
        visit.guests.add(guest)
    assert reminded() == {ADA}


def test_a_visit_of_a_table_of_its_own_has_guests_too(patient, guest, reminded, sandbox):
    """The field is the first model's, whose rows the other one's are as well."""
    from tests.integrations.clinic.models import HomeVisit

    starts_at = sandbox.clock() + timedelta(days=3)
    visit = HomeVisit.objects.create(number="H-1", patient=patient, starts_at=starts_at, address="12 High Street")
    visit.guests.add(guest)
    assert reminded() == {ADA, BEN}
    visit.guests.clear()
    assert reminded() == {ADA}


@pytest.mark.parametrize("action", ["add", "remove", "clear"])
def test_also_may_name_links_between_other_models(reminders, recorded, patient, guest, book, monkeypatch, action):
    """Whichever rows a link changes is told by it, while it is there: neither of its ends is an appointment."""
    from tests.integrations.clinic.models import Note, Visit

    (tracked,) = reminders.tracked
    reading = Note.readers.through
    monkeypatch.setattr(tracked, "also", {reading: lambda link: Visit.objects.filter(patient=link.patient)})
    book(patient), book(guest, "V-2")
    note = Note.objects.create(text="water the plants")
    if action != "add":
        note.readers.add(patient)
    Visit.objects.update(title="Floss")
    {"add": note.readers.add, "remove": note.readers.remove, "clear": lambda _patient: note.readers.clear()}[action](
        patient
    )
    assert recorded() == {"V-1": "Floss", "V-2": "Check-up"}


def test_links_of_a_fixture_are_left_to_the_batch_job(fed, patient, guest, book, reminded, tmp_path):
    """As its rows are."""
    from django.core import serializers
    from django.core.management import call_command

    from tests.integrations.clinic.models import Visit

    visit = book(patient)
    visit.guests.add(guest)
    file = tmp_path / "visits.json"
    file.write_text(serializers.serialize("json", Visit.objects.all()))
    visit.guests.clear()
    assert reminded() == {ADA}
    call_command("loaddata", str(file), verbosity=0)
    assert (visit.guests.count(), reminded()) == (1, {ADA})
    fed()
    assert reminded() == {ADA, BEN}


def test_what_can_t_be_told_of_links_fails_nothing(reminders, patient, guest, book, monkeypatch, caplog):
    """The host's links stand, and a line of the log says what the batch job is to repair."""
    from django.db import transaction

    from tests.integrations.clinic.models import Visit

    visit = book(patient)
    (tracked,) = reminders.tracked
    monkeypatch.setattr(tracked, "also", {type(guest): lambda _patient: [Visit.objects.get(pk=0)]})
    with transaction.atomic():
        visit.guests.add(guest)
    assert visit.guests.count() == 1
    assert "which rows of clinic.visit are changed by a Patient can't be told: DoesNotExist" in caplog.text


@pytest.mark.parametrize("how", ["add", "touch"])
def test_who_is_named_under_also_costs_one_statement_each(reminders, patient, book, how):
    """Which visits a patient changes is asked of each, and no savepoint is around each."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    visit = book(patient)

    def statements(count):
        people = [type(patient)(name="Guest", phone=BEN) for _ in range(count)]
        type(patient).objects.bulk_create(people)
        with CaptureQueriesContext(connection) as captured:
            visit.guests.add(*people) if how == "add" else reminders.touch(people)
        return len(captured)

    assert statements(12) - statements(2) == 10


def test_what_can_t_be_told_of_one_link_keeps_no_other_from_being_recorded(
    reminders, recorded, patient, guest, book, monkeypatch, caplog
):
    """Of those that are linked at once each is asked by itself then."""
    from tests.integrations.clinic.models import Note, Visit

    def visits(link):
        return [Visit.objects.get(patient=link.patient)]

    (tracked,) = reminders.tracked
    monkeypatch.setattr(tracked, "also", {Note.readers.through: visits})
    book(guest)
    Visit.objects.update(title="Floss")
    Note.objects.create(text="water the plants").readers.add(patient, guest)
    assert recorded() == {"V-1": "Floss"}
    assert "which rows of clinic.visit are changed by a Note_readers can't be told: DoesNotExist" in caplog.text
