"""What waits for a person: which of what is recorded makes an item, and which does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.model.reasons import Reason
from reminder_kit.planning.attention import Affected, AttentionFacts, attention_items
from tests.factories import START


@pytest.mark.parametrize(
    ("reason", "error", "kind"),
    [
        (Reason.TEMPLATE_ERROR, "", "text"),
        (Reason.INVALID_NUMBER, "", "number"),
        (Reason.QUARANTINED, "its text is too long", "message"),
        (Reason.QUARANTINED, "", None),  # the appointment can't be read, which is an item of its own
        (Reason.NO_RECIPIENT, "", None),
    ],
)
def test_what_can_be_mended_is_an_item(reason, error, kind):
    """By its cause; what is no mistake, and what another item tells of, is none."""
    facts = AttentionFacts(waiting=[Affected("k", reason=reason, error=error)], worked_at=START)
    items = attention_items(facts, START, expected_every=timedelta(days=1))
    assert [item.kind for item in items] == ([kind] if kind else [])
