"""A job done again and again ends for nothing that may have passed by the next time."""

from __future__ import annotations

import signal
from datetime import timedelta

import pytest

from reminder_kit.calendars.directory import read_directory
from reminder_kit.cli.repeating import repeated
from reminder_kit.errors import ConfigurationError

PAUSE = timedelta(milliseconds=1)


@pytest.fixture
def people(tmp_path):
    """A directory of people, which each run reads."""
    file = tmp_path / "people.csv"
    file.write_text("phone,name\n+12025550123,Ada\n")
    return file


def test_a_file_that_is_being_replaced_does_not_end_it(people, capsys):
    """It was right before: the next run finds it right again, and what was wrong meanwhile is said."""
    runs, whole = [], people.read_text()

    def job():
        runs.append(len(runs))
        people.write_text("" if len(runs) == 2 else whole)
        if len(runs) == 3:
            signal.raise_signal(signal.SIGTERM)
        read_directory(people)
        return 0

    assert repeated(job, PAUSE) == 0
    assert runs == [0, 1, 2]
    said = capsys.readouterr().err
    assert said.count("people.csv needs a header with phone") == 1
    assert "(next try in 0.001 s)" in said


def test_a_configuration_that_was_never_right_ends_it(people):
    """Whoever starts it is told at once."""
    people.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        repeated(lambda: len(read_directory(people)), PAUSE)
