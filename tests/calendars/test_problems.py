"""Problems: what is wrong with a source, listed, counted and bounded, and how one line of it reads."""

from __future__ import annotations

import pytest

from reminder_kit.calendars.occurrences import Problem
from reminder_kit.calendars.problems import Problems


def messages(found):
    return [(one.message, one.uid, one.line, one.severity, one.file, one.more) for one in found.listed()]


def test_there_is_nothing_wrong_at_first():
    """Nothing is distrusted, and reading goes on."""
    found = Problems(10)
    assert (found.listed(), found.unsound_because, found.ended, found.label) == ([], "", False, None)


def test_a_warning_is_said_once_of_each_event():
    """With its line and its file; of no event, once."""
    found = Problems(10, label="a.ics")
    for line in (1, 2):
        found.warn("odd", "uid", line)
        found.warn("odd")
    found.warn("odd", "other", 3)
    found.label = "b.ics"
    found.warn("even", "uid", 4)
    assert messages(found) == [
        ("odd", "uid", 1, "warning", "a.ics", 0),
        ("odd", None, None, "warning", "a.ics", 0),
        ("odd", "other", 3, "warning", "a.ics", 0),
        ("even", "uid", 4, "warning", "b.ics", 0),
    ]


@pytest.mark.parametrize(("events", "more"), [(2, [0, 0]), (3, [0, 0, 0]), (4, [0, 0, 1]), (9, [0, 0, 6])])
def test_the_same_warning_of_more_than_three_events_is_counted(events, more):
    """On the third; other problems between them change nothing."""
    found = Problems(10)
    for number in range(events):
        found.warn("odd", str(number), number)
        found.add("between")
    assert [one.more for one in found.listed() if one.message == "odd"] == more
    assert all(one.more == 0 for one in found.listed() if one.message == "between")


def test_two_thousand_different_warnings_are_listed():
    """After them one that says that there are more; what was said before is still counted."""
    found = Problems(10)
    for number in range(2000):
        found.warn(f"odd {number}", "uid", number)
    assert len(found.listed()) == 2000
    found.warn("odd 0", "another", 5)
    for number in range(3):
        found.warn(f"even {number}", "uid", 7)
    assert messages(found)[2000:] == [
        ("odd 0", "another", 5, "warning", None, 0),
        ("further warnings than these 2000 are left out", None, None, "warning", None, 0),
    ]
    found.warn("odd 1", "another", 6)
    assert messages(found)[-1] == ("odd 1", "another", 6, "warning", None, 0)


def test_an_event_that_cannot_be_read_is_an_error_of_its_own():
    """However often the same is said; where nobody knows its UID, absence means nothing."""
    found = Problems(10, label="a.ics")
    assert [found.fail("bad", "uid", 3), found.fail("bad", "uid", 3)] == [False, False]
    assert messages(found) == [("bad", "uid", 3, "error", "a.ics", 0)] * 2
    assert found.unsound_because == ""
    assert found.fail("bad", None, 4) is False
    assert found.unsound_because == "the event at line 4 has no readable UID"
    assert found.ended is False


def test_reading_ends_with_one_unreadable_event_too_many():
    """That one is not listed, but that there are more; so much is said once."""
    found = Problems(2)
    assert [found.fail(f"bad {number}", "uid", number) for number in range(4)] == [False, False, True, True]
    assert [one.message for one in found.listed()] == [
        "bad 0", "bad 1", "more than 2 events cannot be read: the rest is passed over",
    ]  # fmt: skip
    assert messages(found)[-1][1:] == (None, None, "error", None, 0)
    assert found.ended
    assert found.unsound_because == "more than 2 events cannot be read: the rest is passed over"


def test_the_first_reason_of_distrust_counts_unless_reading_ends():
    """The end is what matters then, the first of them."""
    found = Problems(2)
    found.distrust("one")
    found.distrust("two")
    assert (found.unsound_because, found.listed(), found.ended) == ("one", [], False)
    found.end("three")
    found.end("four")
    assert (found.unsound_because, [one.message for one in found.listed()], found.ended) == ("three", ["three"], True)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("bad"), "bad"),
        (Problem("bad", "u"), "UID u: bad"),
        (Problem("bad", None, 3), "line 3: bad"),
        (Problem("bad", None, None, "error", "a.ics"), "a.ics: bad"),
        (Problem("bad", "u", 3, "warning", "a.ics"), "a.ics, line 3, UID u: bad"),
        (Problem("bad", "u", 3, "warning", "a.ics", 1), "a.ics, line 3, UID u: bad (and so of 1 more)"),
        (Problem("bad", more=2), "bad (and so of 2 more)"),
        (Problem("b\nd", "u\x1b", 0), "line 0, UID u\\x1b: b\\nd"),
    ],
)
def test_a_problem_reads_as_one_line(problem, text):
    """Where it is, as far as that is known, and what is wrong."""
    assert str(problem) == text
    assert Problem("bad").severity == "error"


def test_problems_are_shown_by_their_state_and_not_by_what_they_say():
    """Nor are those of two sources ever the same."""
    found = Problems(10, label="a.ics")
    found.warn("secret")
    assert repr(found) == "Problems(most=10, label='a.ics', unsound_because='', ended=False, _failures=0)"
    assert len({found, Problems(10, label="a.ics")}) == 2
