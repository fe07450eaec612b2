"""What happens in the last minutes before a message goes out, and where the clocks change; against a strict Telnyx."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

RULE = """
timezone = "America/New_York"

[provider]
name = "telnyx"
from = "+12025550100"

[[rules]]
id = "day-before"
before = "24 hours"
text = "{{ recipient.name }}: {{ when }}"
"""
ADA, ZOE = "+12025550123", "+12025550199"
OLD = (ADA, "2026-02-10T17:00:00Z", "Ada: tomorrow at 12:00 PM")
AT_ONE = (ADA, "2026-02-10T18:00:00Z", "Ada: tomorrow at 1:00 PM")
CANCELLED, ONE, TEN_PAST = ("20260211T120000", "STATUS:CANCELLED"), ("20260211T130000",), ("20260211T121000",)


@pytest.mark.parametrize(
    ("changed", "person", "now", "received"),
    [
        (CANCELLED, f"Ada:{ADA}", "2026-02-10T16:58:25Z", []),
        (CANCELLED, f"Ada:{ADA}", "2026-02-10T16:58:40Z", [OLD]),  # 80 s before: it can't be had back any more
        (ONE, f"Ada:{ADA}", "2026-02-10T16:57:00Z", [AT_ONE]),
        (ONE, f"Ada:{ADA}", "2026-02-10T16:59:00Z", [OLD, AT_ONE]),
        (ONE, f"Ada:{ADA}", "2026-02-10T17:01:00Z", [OLD, AT_ONE]),
        (TEN_PAST, f"Ada:{ADA}", "2026-02-10T17:01:00Z", [OLD]),  # too small a move to be told twice
        (
            CANCELLED[:1],
            f"Zoe:{ZOE}",
            "2026-02-10T16:57:00Z",
            [(ZOE, "2026-02-10T17:02:30Z", "Zoe: tomorrow at 12:00 PM")],
        ),
    ],
    ids=["cancel-95s", "cancel-80s", "move-3min", "move-1min", "move-after", "nudge-after", "reassign-3min"],
)
def test_a_change_at_the_last_minute_reaches_whom_it_still_can(desk, telnyx, event, changed, person, now, received):
    """A late change cancels what can still be had back, and a new start is told if it matters."""
    desk.configure(RULE)
    desk.at("import", desk.write(event("A", "20260211T120000")))
    assert telnyx.parked() == [OLD]
    telnyx.at(now)
    desk.at("import", desk.write(event("A", *changed, people=(person,))), now=now)
    for later in ("2026-02-10T17:05:00Z", "2026-02-10T18:05:00Z"):
        telnyx.at(later)
        desk.at("resync", now=later)
    assert telnyx.with_status("delivered", "scheduled") == sorted(received)


def test_an_edit_too_late_for_a_new_message_leaves_the_old_one(desk, telnyx, event):
    """A text edited within the lead time keeps the old message: it is still true."""
    desk.configure(RULE.replace("{{ recipient.name }}", "{{ appointment.title }}"))
    desk.at("import", desk.write(event("A", "20260211T120000")))
    telnyx.at("2026-02-10T16:57:00Z")
    (change,) = desk.at(
        "import", desk.write(event("A", "20260211T120000", title="Cleaning")), now="2026-02-10T16:57:00Z"
    ).changes
    assert (change["change"], change["reason"], change["cause"]) == ("keep", "too_late", ["text"])
    assert telnyx.parked() == [(ADA, "2026-02-10T17:00:00Z", "Check-up: tomorrow at 12:00 PM")]
    assert telnyx.count("DELETE") == 0


DST = """
timezone = "America/New_York"

[provider]
name = "telnyx"
from = "+12025550100"

[[rules]]
id = "exact"
before = "24 hours"
text = "exact: {{ when }}"

[[rules]]
id = "nominal"
before = "1 day"
text = "nominal: {{ when }}"

[[rules]]
id = "evening"
days_before = 1
at = "18:00"
text = "evening: {{ when }}"
"""


@pytest.mark.parametrize(
    ("now", "start", "exact", "nominal", "evening"),
    [
        ("2026-03-05T14:00:00Z", "20260308T100000", "03-07T14:00:00Z", "03-07T15:00:00Z", "03-07T23:00:00Z"),
        ("2026-10-29T14:00:00Z", "20261101T100000", "10-31T15:00:00Z", "10-31T14:00:00Z", "10-31T22:00:00Z"),
    ],
    ids=["spring", "autumn"],
)
def test_hours_are_elapsed_time_and_days_keep_the_clock(desk, telnyx, event, now, start, exact, nominal, evening):
    """Hours are elapsed time and days keep the wall clock where clocks change."""
    desk.configure(DST)
    telnyx.at(now)
    desk.at("import", desk.write(event("A", start)), now=now)
    assert {text.split(":")[0]: send_at for _, send_at, text in telnyx.parked()} == {
        "exact": f"2026-{exact}",
        "nominal": f"2026-{nominal}",
        "evening": f"2026-{evening}",
    }
    assert {text.split(": ")[1] for _, _, text in telnyx.parked()} == {"tomorrow at 10:00 AM"}


def test_five_days_of_autumn_are_121_hours_of_window(desk, telnyx, event):
    """The window is counted in elapsed time, so a change of the clock neither widens nor narrows it."""
    desk.configure(RULE)
    telnyx.at("2026-10-30T14:00:00Z")
    within = event("in", "20261105T085930", people=("Ada:+12025550101",))  # due 13:59:30Z, 120 h less margin
    beyond = event("out", "20261105T085931", people=("Bob:+12025550102",))
    desk.at("import", desk.write(within, beyond), now="2026-10-30T14:00:00Z")
    assert [(to, send_at) for to, send_at, _ in telnyx.parked()] == [("+12025550101", "2026-11-04T13:59:30Z")]
    telnyx.at("2026-10-30T14:00:01Z")
    desk.at("resync", now="2026-10-30T14:00:01Z")
    assert len(telnyx.parked()) == 2
