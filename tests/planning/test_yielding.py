"""What a rule set that yields to another leaves as it is."""

from __future__ import annotations

import pytest

from reminder_kit.model.lifecycle import State
from reminder_kit.planning.decide import decide
from reminder_kit.planning.yielding import yielding
from reminder_kit.rules.rule import Rule
from tests.factories import DAY, START, message_of, observed_of, settings_of, visit

OTHER = Rule("hours-before", before="2 hours", text="Soon: {{ when }}")


@pytest.mark.parametrize(
    ("state", "kept"), [(State.SCHEDULED, True), (State.CREATING, True), (State.CANCELLING, False)]
)
@pytest.mark.parametrize("fresh", [False, True])
def test_what_the_other_set_parked_or_is_about_to_is_kept(state, kept, fresh):
    """A cancellation that was begun is finished, whoever began it."""
    appointment = visit("A-1", day=3)
    message = message_of(appointment, settings_of(OTHER), state)
    observed = observed_of(appointment, message)
    decisions = yielding(decide(observed, settings_of(DAY), START), observed, fresh=fresh)
    (found,) = [one for one in decisions if one.key == message.key]
    assert (found.kind.value, found.reason.value) == (("keep", "other_rules") if kept else ("cancel", "removed"))
