"""What `help()` says is whole: every argument of a kit, every verb of both faces."""

from __future__ import annotations

import inspect
import re

import pytest

from reminder_kit import AsyncReminderKit, ReminderKit


def test_every_argument_of_a_kit_is_described():
    """By its name, in the text of the constructor."""
    told = inspect.getdoc(ReminderKit.__init__)
    names = [name for name in inspect.signature(ReminderKit.__init__).parameters if name != "self"]
    assert [name for name in names if not re.search(rf"`{name}\b", told)] == []


@pytest.mark.parametrize("face", [ReminderKit, AsyncReminderKit], ids=["blocking", "async"])
def test_every_verb_is_described_in_a_sentence(face):
    """Each public method begins with one sentence that ends with a stop."""
    for name, verb in inspect.getmembers(face, callable):
        if not name.startswith("_"):
            first = (inspect.getdoc(verb) or "").partition("\n\n")[0]
            assert re.match(r"[A-Z].*[.:]", first, re.DOTALL), name
