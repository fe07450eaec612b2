from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import StringIO

import pytest

from reminder_kit.calendars.export import COLUMNS, to_csv, to_ics
from reminder_kit.errors import InvalidInputError, NaiveDatetimeError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROW = {
    "send_at": "2026-03-02T14:00:00Z",
    "appointment": "A-1",
    "title": "Check-up; yearly, at Zoë’s",
    "rule": "day-before",
    "to": "+12…01",
    "text": "Hi Ann,\nsee you \\o/ " + "long " * 40,
}


def test_a_calendar_of_reminders_can_be_read_again(read):
    """Exported reminders are read back with their instants, titles and texts."""
    found = read(to_ics([ROW, ROW | {"rule": "hour-before", "send_at": datetime(2026, 3, 3, 8, tzinfo=UTC)}], NOW))
    assert found.starts == ["2026-03-02T14:00:00Z", "2026-03-03T08:00:00Z"]
    assert found.titles == [ROW["title"]] * 2
    assert found.found[0].appointment.data["description"] == f"{ROW['to']}\n{ROW['text']}".strip()
    assert found.errors == []


def test_a_moved_reminder_keeps_its_uid(read):
    """A reminder at another time has the same UID, so that calendar apps move it."""
    ids = {
        read(to_ics([ROW | {"send_at": moment}], NOW)).only.appointment.id for moment in ("2026-03-02T14:00:00Z", NOW)
    }
    assert len(ids) == 1


def test_csv_has_a_header_and_one_line_a_reminder():
    """CSV has the columns in their fixed order, and one line a reminder."""
    (header, line) = csv.reader(StringIO(to_csv([ROW])))
    assert tuple(header) == COLUMNS
    assert line == ["2026-03-02T14:00:00Z", "A-1", "", ROW["title"], "day-before", "+12…01", ROW["text"], "", ""]


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "-2", "+1+cmd|x", " =1", "＝1"])
def test_no_spreadsheet_takes_a_text_for_a_formula(text):
    """A cell that begins like a formula is quoted."""
    (row,) = csv.DictReader(StringIO(to_csv([ROW | {"text": text}])))
    assert row["text"] == f"'{text}"


@pytest.mark.parametrize(
    ("moment", "error"),
    [(None, InvalidInputError), ("soon", InvalidInputError), (datetime(2026, 3, 1), NaiveDatetimeError)],
)
def test_a_row_without_an_instant_is_named(moment, error):
    """A row whose time is missing, no time, or naive is an error that names its appointment."""
    with pytest.raises(error, match="A-1"):
        to_csv([ROW | {"send_at": moment}])
