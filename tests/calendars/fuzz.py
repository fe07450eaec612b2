"""A coverage-guided fuzz run over the calendar reader, for those who have atheris.

`PYTHONPATH=. python tests/calendars/fuzz.py NEW_FOLDER tests/calendars/corpus -max_total_time=60`
keeps what it finds in the new folder; anything raised but a `CalendarError` stops it.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["reminder_kit.calendars"]):
    import reminder_kit.calendars
    import reminder_kit.calendars.reader

from tests.calendars.survival import survives

if __name__ == "__main__":
    assert reminder_kit.calendars.read_calendar
    atheris.Setup(sys.argv, survives)
    atheris.Fuzz()
