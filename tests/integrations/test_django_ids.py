"""Ids that pass from one row of a Django project to another: what is recorded is withdrawn by whose it is only."""

from __future__ import annotations

import pytest

from tests.integrations.clinic.stage import BEN

pytest_plugins = ["tests.integrations.clinic.project"]
pytestmark = pytest.mark.usefixtures("django")


@pytest.fixture
def patients(patient):
    """Ada and Ben."""
    return patient, type(patient).objects.create(name="Ben", phone=BEN)


@pytest.fixture(params=["with the save", "after the commit"])
def _either_ledger(request, clinic, patient, tmp_path):
    """A ledger in the project's own database, and one elsewhere."""
    if request.param == "after the commit":
        clinic(database=None, ledger=f"sqlite:///{tmp_path / 'ledger.db'}").kit.ledger.upgrade()


@pytest.mark.usefixtures("_either_ledger")
@pytest.mark.parametrize("how", ["other days", "other people"])
def test_rows_that_exchange_their_ids_are_both_reminded_of(patients, book, recorded, how):
    """The second gives up an id which the first has by then."""
    from django.db import transaction

    ada, ben = patients
    first = book(ada, "V-1", title="Check-up")
    second = book(ada, "V-2", days=4, title="Floss") if how == "other days" else book(ben, "V-2", title="Floss")
    with transaction.atomic():
        first.number, second.number = "V-2", "V-1"
        first.save()
        second.save()
    assert recorded() == {"V-2": "Check-up", "V-1": "Floss"}


def test_a_cancelled_row_that_gives_up_its_id_leaves_alone_who_has_it(patient, book, recorded):
    """It was no appointment any more: what is recorded under its old id is another row's."""
    cancelled = book(patient)
    cancelled.state = "cancelled"
    cancelled.save()
    book(patient, title="Floss")
    cancelled.number = "V-1-void"
    cancelled.save()
    assert recorded() == {"V-1": "Floss"}


def test_what_a_failed_save_would_have_changed_is_forgotten(patient, book, recorded):
    """By the next save of that instance the id that the row had may be another's, of the same patient and hour."""
    from django.db import IntegrityError

    from tests.integrations.clinic.models import Visit

    visit = book(patient)
    visit.patient_id = None
    with pytest.raises(IntegrityError):
        visit.save()
    meanwhile = Visit.objects.get()
    meanwhile.number = "V-2"
    meanwhile.save()
    book(patient, title="Floss")
    visit.refresh_from_db()
    visit.number = "V-3"
    visit.save()
    assert recorded() == {"V-3": "Check-up", "V-1": "Floss"}


def test_a_row_that_recurs_takes_its_occurrences_along(reminders, patient, book):
    """Under the old id they are withdrawn, and those of another row that has it by now are not."""

    def coming():
        found = reminders.kit.ledger.read(lambda reader: list(reader.records()))
        return sorted(f"{record.identity.id} {record.start_at.date()}" for record in found if not record.removed)

    first, second = book(patient, title="course of 2"), book(patient, "V-2", days=4, title="course of 1")
    assert coming() == ["V-1 2026-02-13", "V-1 2026-02-20", "V-2 2026-02-14"]
    first.number = "V-2"
    first.save()
    assert coming() == ["V-2 2026-02-13", "V-2 2026-02-20"]
    second.number = "V-1"
    second.save()
    assert coming() == ["V-1 2026-02-14", "V-2 2026-02-13", "V-2 2026-02-20"]


def test_a_row_of_which_it_can_t_be_told_what_it_was_is_recorded(reminders, fed, patient, book, recorded, caplog):
    """It has its new id; what stays under the old one is for the batch job, as a line of the log says."""
    from tests.integrations.clinic.models import Visit

    visit = book(patient)
    Visit.objects.update(title="broken")
    visit.number = "V-2"
    visit.save()
    assert recorded() == {"V-1": "Check-up", "V-2": "Check-up"}
    assert "what clinic.visit 'V-1' was before its id changed can't be told: ZeroDivisionError" in caplog.text
    fed()
    assert recorded() == {"V-2": "Check-up"}
