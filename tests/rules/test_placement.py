"""Placement: one decision, inside every constraint, or a reasoned refusal."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.errors import InvalidInputError, NaiveDatetimeError
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.instants import from_seconds
from reminder_kit.model.reasons import Reason
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.placement import GRACE, Placement, PlacementDecision, place, still_allowed
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.superseding import COLLAPSE_WITHIN, supersede
from reminder_kit.rules.window import Window
from tests.factories import NEW_YORK, NUMBER, in_new_york
from tests.sampling import examples

BOB = "+12025550145"
TELNYX = Window(timedelta(minutes=5), timedelta(days=5), timedelta(minutes=1))
TWILIO = Window(timedelta(minutes=15), timedelta(days=35), timedelta(minutes=1))
VONAGE = Window(timedelta(0), timedelta(0), timedelta(0), margin=timedelta(0))
NIGHT = QuietHours("21:00", "08:00")
MONDAY_10 = datetime(2026, 2, 16, 10, tzinfo=NEW_YORK)


def reminder(start=MONDAY_10, *, end=None, booked=None, zone=None, **changes):
    if not {"before", "after", "days_before", "on", "days_after"} & set(changes):
        changes["before"] = "24 hours"
    who = Recipient(changes.pop("phone", NUMBER), timezone=zone)
    given = Appointment(changes.pop("appointment", "A-1"), start, end, recipients=[who], booked_at=booked)
    rule = Rule(changes.pop("id", "r"), text="Hi", **changes)
    return reminders_of(given, [rule], Defaults())[0]


def placed(one, now, *, window=TELNYX, quiet=None, replaces=False):
    """Return decision, reason and local time as words."""
    result = place(
        one, now=now if isinstance(now, datetime) else in_new_york(now), window=window, quiet=quiet, replaces=replaces
    )
    moment = result.send_at or result.park_at
    assert (result.send_at is not None) == (result.decision is PlacementDecision.SEND)
    assert (result.park_at is not None) == (result.decision is PlacementDecision.HOLD)
    assert all(isinstance(step, str) for step in result.trail)
    return " ".join(
        filter(None, [result.decision, result.reason, moment and f"{moment.astimezone(NEW_YORK):%m-%d %H:%M:%S}"])
    )


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        ("2026-02-01 10:00", "hold beyond_window 02-10 10:00:30"),
        ("2026-02-10 10:00:29", "hold beyond_window 02-10 10:00:30"),
        ("2026-02-10 10:00:30", "send_at on_time 02-15 10:00:00"),
        ("2026-02-15 09:54:30", "send_at on_time 02-15 10:00:00"),
        ("2026-02-15 09:54:31", "send_at clamped_late 02-15 10:00:01"),
        ("2026-02-15 10:00:00", "send_at clamped_late 02-15 10:05:30"),
        ("2026-02-16 09:54:29", "send_at clamped_late 02-16 09:59:59"),
        ("2026-02-16 09:54:30", "skip too_late"),
        ("2026-02-16 10:00:00", "skip past"),
        ("2026-02-20 10:00:00", "skip past"),
    ],
)
def test_the_life_of_a_reminder_24_hours_before(now, wanted):
    """Time turns one reminder from held into on time, clamped late, too late and past, each at a known second."""
    assert placed(reminder(), now) == wanted


def test_until_the_end_it_is_too_late_and_then_past():
    """Between start and end a reminder is skipped as too late, and from the end on as past."""
    one = reminder(end=MONDAY_10 + timedelta(hours=1))
    assert placed(one, "2026-02-16 10:30") == "skip too_late"
    assert placed(one, "2026-02-16 11:00") == "skip past"


def test_b41_b21_nothing_is_sent_for_what_is_over():
    """No `if_late`, and no withdrawn message to replace, makes a reminder of what is over go out."""
    for if_late in ("clamp", "skip", {"skip_after": "100 days"}):
        assert placed(reminder(if_late=if_late), "2026-02-17 10:00") == "skip past"
        assert placed(reminder(if_late=if_late), "2026-02-17 10:00", replaces=True) == "skip past"


@pytest.mark.parametrize(
    ("if_late", "now", "wanted"),
    [
        ("skip", "2026-02-15 11:00", "skip too_late"),
        ("skip", "2026-02-15 09:54:30", "send_at on_time 02-15 10:00:00"),
        ({"skip_after": "6 hours"}, "2026-02-15 16:00:00", "send_at clamped_late 02-15 16:05:30"),
        ({"skip_after": "6 hours"}, "2026-02-15 16:00:01", "skip too_late"),
        ("clamp", "2026-02-15 23:00", "send_at clamped_late 02-15 23:05:30"),
    ],
    ids=str,
)
def test_the_late_ladder(if_late, now, wanted):
    """`if_late` decides what becomes of a reminder whose due time the window no longer takes."""
    assert placed(reminder(if_late=if_late), now) == wanted


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        ("2026-02-16 09:24:30", "send_at clamped_late 02-16 09:30:00"),
        ("2026-02-16 09:24:31", "skip too_late"),
    ],
)
def test_nothing_is_sent_nearer_to_the_start_than_min_notice(now, wanted):
    """A reminder goes out exactly `min_notice` before the start at the latest; a second later it is skipped."""
    assert placed(reminder(min_notice="30 minutes"), now) == wanted


def test_c9b_every_minute_before_the_start_has_an_outcome():
    """The field's schedulers have a hole between "too near to schedule" and "now"."""
    for minute in range(60 * 24 * 7):
        result = place(
            reminder_b9, now=in_new_york("2026-02-10 10:00") + timedelta(minutes=minute), window=TELNYX, quiet=NIGHT
        )
        assert result.reason in {
            Reason.ON_TIME, Reason.CLAMPED_LATE, Reason.BEYOND_WINDOW, Reason.TOO_LATE, Reason.PAST, Reason.QUIET_HOURS,
        }  # fmt: skip


reminder_b9 = reminder()


class TestBookedAt:
    @pytest.mark.parametrize(
        ("booked", "changes", "wanted"),
        [
            (in_new_york("2026-02-16 08:00"), {}, "skip too_late"),
            (in_new_york("2026-02-15 10:00:00"), {}, "send_at clamped_late 02-16 09:05:30"),
            (in_new_york("2026-02-15 10:00:01"), {}, "skip too_late"),
            (in_new_york("2026-02-16 08:00"), {"if_late": "clamp"}, "send_at clamped_late 02-16 09:05:30"),
            (
                in_new_york("2026-02-16 08:00"),
                {"if_late": {"skip_after": "30 hours"}},
                "send_at clamped_late 02-16 09:05:30",
            ),
            (None, {}, "send_at clamped_late 02-16 09:05:30"),
        ],
        ids=["an hour ago", "at the due time", "a second later", "the rule says clamp", "skip_after", "unknown"],
    )
    def test_b38_a_booking_after_the_due_time_is_not_reminded_late(self, booked, changes, wanted):
        """Who booked after the due time gets no late reminder, unless the rule states `if_late` itself."""
        assert placed(reminder(booked=booked, **changes), "2026-02-16 09:00") == wanted

    def test_what_replaces_a_withdrawn_message_is_clamped(self):
        """Where a message was withdrawn, its successor goes out late: only `min_notice` can still withhold it."""
        one = reminder(booked=in_new_york("2026-02-16 08:00"), min_notice="10 minutes")
        assert placed(one, "2026-02-16 09:00", replaces=True) == "send_at clamped_late 02-16 09:05:30"
        assert placed(reminder(if_late="skip"), "2026-02-16 09:00", replaces=True) == (
            "send_at clamped_late 02-16 09:05:30"
        )
        assert placed(one, "2026-02-16 09:45", replaces=True) == "skip too_late"


class TestFar:
    @pytest.mark.parametrize(
        ("if_far", "quiet", "wanted"),
        [
            ("hold", None, "hold beyond_window 02-10 10:00:30"),
            ("skip", None, "skip too_far"),
            ("clamp", None, "send_at clamped_far 02-06 09:59:30"),
            ("clamp", NIGHT, "send_at clamped_far 02-06 09:59:30"),
            ("clamp", QuietHours("09:30", "11:00"), "send_at clamped_far 02-06 09:29:00"),
        ],
        ids=str,
    )
    def test_beyond_the_window(self, if_far, quiet, wanted):
        """`if_far` holds, skips or clamps to the last instant of the window outside quiet hours."""
        assert placed(reminder(if_far=if_far), "2026-02-01 10:00", quiet=quiet) == wanted

    def test_r2_five_local_days_in_autumn_are_121_hours_and_too_far(self):
        """Lead times are elapsed time: over the autumn change, five days on the wall clock are too many."""
        start = datetime(2026, 11, 3, 10, tzinfo=NEW_YORK)
        one = reminder(start, before="1 minute")
        now = in_new_york("2026-10-29 10:00")
        assert place(one, now=now, window=TELNYX, quiet=None).decision is PlacementDecision.HOLD
        assert placed(one, now) == "hold beyond_window 10-29 10:59:30"

    def test_what_is_shifted_into_the_window_is_not_beyond_it(self):
        """The instant outside quiet hours, not the due time, is compared with the window."""
        one = reminder(days_before=1, at="22:00")
        assert placed(one, "2026-02-10 21:30", quiet=NIGHT) == "send_at shifted_quiet_hours 02-15 20:59:00"
        assert placed(one, "2026-02-10 20:00", quiet=NIGHT) == "hold beyond_window 02-10 20:59:30"

    def test_a_shorter_window_parks_later(self):
        """`park_at` is `max_lead`, less the margin, before the send time."""
        short = Window(timedelta(minutes=5), timedelta(hours=2), timedelta(minutes=1))
        assert placed(reminder(), "2026-02-15 07:00", window=short) == "hold beyond_window 02-15 08:00:30"

    def test_with_a_short_window_it_waits_for_the_morning(self):
        """With a short window a reminder waits for the morning and is then still on time."""
        short = Window(timedelta(minutes=5), timedelta(hours=2), timedelta(minutes=1))
        one = reminder(days_before=1, at="21:30", if_late="skip")
        assert placed(one, "2026-02-15 21:05", window=short, quiet=NIGHT) == "hold beyond_window 02-16 06:00:30"
        assert placed(one, "2026-02-16 06:00:30", window=short, quiet=NIGHT) == (
            "send_at shifted_quiet_hours 02-16 08:00:00"
        )


class TestQuietHours:
    @pytest.mark.parametrize(
        ("clock", "shift", "now", "wanted"),
        [
            ("20:59", "earlier", "2026-02-15 12:00", "send_at on_time 02-15 20:59:00"),
            ("21:00", "earlier", "2026-02-15 12:00", "send_at shifted_quiet_hours 02-15 20:59:00"),
            ("22:00", "earlier", "2026-02-15 12:00", "send_at shifted_quiet_hours 02-15 20:59:00"),
            ("22:00", "later", "2026-02-15 12:00", "send_at shifted_quiet_hours 02-16 08:00:00"),
            ("22:00", "earlier", "2026-02-15 21:30", "send_at shifted_quiet_hours 02-16 08:00:00"),
            ("22:00", "earlier", "2026-02-15 20:54:00", "send_at shifted_quiet_hours 02-15 20:59:30"),
            ("22:00", "earlier", "2026-02-15 20:54:31", "send_at shifted_quiet_hours 02-16 08:00:00"),
            ("22:00", "earlier", "2026-02-15 22:00", "send_at clamped_late 02-16 08:00:00"),
        ],
    )
    def test_quiet_hours_shift_it_by_the_rule_or_the_other_way(self, clock, shift, now, wanted):
        """`shift` is tried first; where the window has no room that way, it is the other edge of quiet hours."""
        assert placed(reminder(days_before=1, at=clock, shift=shift), now, quiet=NIGHT) == wanted

    @pytest.mark.parametrize(
        ("at", "wanted"),
        [
            ("07:59", "send_at shifted_quiet_hours 02-15 20:59:00"),
            ("08:00", "send_at on_time 02-16 08:00:00"),
        ],
    )
    def test_the_end_of_quiet_hours_is_not_quiet(self, at, wanted):
        """Quiet hours until 08:00 cover 07:59 and let a reminder of 08:00 go out on time."""
        assert placed(reminder(days_before=0, at=at), "2026-02-15 12:00", quiet=NIGHT) == wanted

    def test_later_is_of_no_use_after_the_start_so_it_is_earlier(self):
        """Where quiet hours end after the start, a rule that shifts later shifts earlier instead."""
        early = datetime(2026, 2, 16, 7, tzinfo=NEW_YORK)
        one = reminder(early, before="1 hour", shift="later")
        assert placed(one, "2026-02-15 12:00", quiet=NIGHT) == "send_at shifted_quiet_hours 02-15 20:59:00"

    def test_where_only_quiet_hours_forbid_it_they_are_the_reason(self):
        """A skip is for `quiet_hours` if the reminder could go out without them, else for `too_late`."""
        early = datetime(2026, 2, 16, 7, tzinfo=NEW_YORK)
        assert placed(reminder(early, before="1 hour"), "2026-02-16 01:00", quiet=NIGHT) == "skip quiet_hours"
        assert placed(reminder(early), "2026-02-16 01:00", quiet=NIGHT) == "skip quiet_hours"
        assert placed(reminder(early), "2026-02-16 06:59", quiet=NIGHT) == "skip too_late"

    def test_a_whole_week_of_quiet_leaves_nothing(self):
        """Quiet hours without a gap skip every reminder at once: there is no instant to search or to hold for."""
        always = QuietHours("00:00", "24:00")
        assert placed(reminder(), "2026-02-12 10:00", quiet=always) == "skip quiet_hours"
        assert placed(reminder(), "2026-02-15 12:00", quiet=always) == "skip quiet_hours"
        assert placed(reminder(if_far="clamp"), "2026-02-01 10:00", quiet=always) == "skip quiet_hours"
        assert placed(reminder(shift="later"), "2026-02-12 10:00", quiet=always) == "skip quiet_hours"

    def test_b43_they_are_the_recipients(self):
        """Quiet hours are read on the clock of the recipient's zone, not of the appointment's."""
        one = reminder(zone="America/Los_Angeles")  # due at 7:00 there
        assert placed(one, "2026-02-14 12:00", quiet=NIGHT) == "send_at shifted_quiet_hours 02-14 23:59:00"
        assert placed(one, "2026-02-15 09:00", quiet=NIGHT) == "send_at shifted_quiet_hours 02-15 11:00:00"


class TestOtherBounds:
    def test_follow_ups_know_no_start_and_no_notice(self):
        """Neither the start nor `min_notice` bounds a follow-up: it may go out after both."""
        one = reminder(end=MONDAY_10 + timedelta(hours=1), after="2 hours", min_notice="3 hours")
        assert placed(one, "2026-02-16 09:00") == "send_at on_time 02-16 13:00:00"
        assert placed(one, "2026-02-16 12:30") == "send_at on_time 02-16 13:00:00"
        assert placed(one, "2026-02-16 14:00") == "send_at clamped_late 02-16 14:05:30"

    def test_b17_a_first_import_does_not_follow_up_on_all_the_past(self):
        """A follow-up more than a day overdue is past, unless its rule states `if_late = "clamp"`."""
        assert placed(reminder(after="2 hours"), "2026-02-17 12:00") == "send_at clamped_late 02-17 12:05:30"
        assert placed(reminder(after="2 hours"), "2026-02-17 12:01") == "skip past"
        assert placed(reminder(after="2 hours", if_late="clamp"), "2026-02-27 12:00") == (
            "send_at clamped_late 02-27 12:05:30"
        )
        assert placed(reminder(after="2 hours", if_late="skip"), "2026-02-16 13:00") == "skip past"

    def test_a_follow_up_is_not_held_for_a_morning_when_it_is_a_day_late(self):
        """Due at night and late in the evening after: the morning would be a day late, and is not waited for."""
        one = reminder(datetime(2026, 2, 16, 1, 50, tzinfo=NEW_YORK), after="2 hours")
        assert placed(one, "2026-02-16 20:59", window=VONAGE, quiet=NIGHT).startswith("send_at")
        assert placed(one, "2026-02-16 21:00", window=VONAGE, quiet=NIGHT) == "skip past"

    def test_a_follow_up_that_says_how_late_it_may_be_waits_for_the_morning(self):
        """So does one that takes another message's place: what was promised is not taken back for a night."""
        at_night = datetime(2026, 2, 16, 1, 50, tzinfo=NEW_YORK)
        one = reminder(at_night, after="2 hours", if_late="clamp")
        assert placed(one, "2026-02-16 21:00", window=VONAGE, quiet=NIGHT).startswith("hold")
        other = reminder(at_night, after="2 hours")
        assert placed(other, "2026-02-16 21:00", window=VONAGE, quiet=NIGHT, replaces=True).startswith("hold")

    def test_a_rule_before_the_end_is_bounded_by_the_end(self):
        """With `anchor = "end"`, `min_notice` and the last moment are counted from the end, also after the start."""
        one = reminder(end=MONDAY_10 + timedelta(hours=2), before="15 minutes", anchor="end", min_notice="5 minutes")
        assert placed(one, "2026-02-16 10:30") == "send_at on_time 02-16 11:45:00"
        assert placed(one, "2026-02-16 11:49:29") == "send_at clamped_late 02-16 11:54:59"
        assert placed(one, "2026-02-16 11:50:00") == "skip too_late"

    def test_a_due_time_after_the_last_moment_moves_before_it(self):
        """A local time later than `min_notice` allows is sent at the last moment that it allows."""
        one = reminder(days_before=0, at="12:00", min_notice="30 minutes")
        assert placed(one, "2026-02-15 12:00") == "send_at on_time 02-16 09:30:00"

    def test_an_instant_of_its_own_is_bounded_by_the_start_too(self):
        """A rule with `on` after the start sends one second before it: no reminder arrives after its start."""
        assert placed(reminder(on="2026-02-14T15:00:00Z"), "2026-02-13 12:00") == "send_at on_time 02-14 10:00:00"
        assert placed(reminder(on="2026-02-20T15:00:00Z"), "2026-02-13 12:00") == "send_at on_time 02-16 09:59:59"

    def test_a_refusal_is_kept_whatever_the_time(self):
        """A reminder refused before placement is skipped for that very reason."""
        given = Appointment("A-1", MONDAY_10, recipients=["12"])
        (one,) = reminders_of(given, [Rule("r", before="1 day")], Defaults())
        assert placed(one, "2026-02-15 12:00") == "skip invalid_number"

    def test_a_due_time_before_the_calendar_begins_is_past(self):
        """A reminder whose due time no calendar holds is skipped as past, and nothing is raised."""
        given = Appointment("A-1", datetime(1, 1, 1, 12, tzinfo=UTC), recipients=[NUMBER])
        (one,) = reminders_of(given, [Rule("r", before="1 day")], Defaults())
        assert placed(one, "2026-02-15 12:00") == "skip past"

    @pytest.mark.parametrize(
        "now",
        [
            datetime(2026, 10, 28, 10, tzinfo=NEW_YORK),
            pendulum.datetime(2026, 10, 28, 10, tz="America/New_York"),
            pendulum.datetime(2026, 10, 28, 14),
        ],
        ids=["stdlib", "pendulum", "pendulum's utc"],
    )
    def test_now_may_be_given_in_any_zone(self, now):
        """Whichever library made `now`, lead times stay elapsed time and `park_at` is a plain UTC datetime."""
        one = reminder(datetime(2026, 11, 2, 9, 1, tzinfo=NEW_YORK), before="1 minute")
        result = place(one, now=now, window=TELNYX, quiet=None)
        assert (result.decision, result.park_at) == (
            PlacementDecision.HOLD,
            datetime(2026, 10, 28, 14, 0, 30, tzinfo=UTC),
        )
        assert type(result.park_at) is datetime

    def test_a_naive_now_is_refused(self):
        """A `now` without a zone names no instant: guessing one would send at a wrong hour."""
        with pytest.raises(NaiveDatetimeError, match="now"):
            place(reminder(), now=datetime(2026, 2, 15, 12), window=TELNYX, quiet=None)

    def test_the_trail_tells_what_was_weighed(self):
        """The trail names quiet hours, spread, window and lateness with their instants, in that order."""
        one = reminder(days_before=1, at="22:00", spread="5 minutes")
        moved = place(one, now=in_new_york("2026-02-14 12:00"), window=TELNYX, quiet=None).send_at
        result = place(one, now=in_new_york("2026-02-14 12:00"), window=TELNYX, quiet=NIGHT)
        edge, share = datetime(2026, 2, 16, 1, 59, tzinfo=UTC), moved - one.due_at
        assert result.trail == (
            f"quiet hours (21:00–08:00) cover the due time: earlier, to {edge - share:%Y-%m-%dT%H:%M:%SZ}",
            f"spread over 5 minutes: to {moved:%Y-%m-%dT%H:%M:%SZ}",
            "may be asked for from 2026-02-14T17:05:30Z to 2026-02-19T16:59:30Z, and sent until 2026-02-16T14:59:59Z",
        )
        late = place(
            reminder(if_late={"skip_after": "1 hour"}), now=in_new_york("2026-02-15 12:00"), window=TELNYX, quiet=None
        )
        assert late.trail == (
            "due 2026-02-15T15:00:00Z, nearer than the window allows at 2026-02-15T17:00:00Z: late",
            "if_late is skip after 1 hour",
        )

    def test_a_start_between_two_seconds_is_not_reached(self):
        """With microseconds in the start, the last moment is the whole second before it."""
        one = reminder(MONDAY_10 + timedelta(microseconds=5))
        assert placed(one, "2026-02-16 09:54:30") == "send_at clamped_late 02-16 10:00:00"
        assert placed(one, "2026-02-16 09:54:31") == "skip too_late"

    def test_a_window_that_is_all_quiet_leaves_nothing_to_clamp_to(self):
        """`if_far = "clamp"` skips where quiet hours cover the whole window."""
        short = Window(timedelta(minutes=5), timedelta(hours=2), timedelta(minutes=1))
        one = reminder(if_far="clamp")
        assert placed(one, "2026-02-15 01:00", window=short, quiet=NIGHT) == "skip quiet_hours"

    def test_two_quiet_times_a_minute_apart_are_both_left_behind(self):
        """A gap of a minute between two quiet times is usable, and a shift into the second leaves that one too."""
        quiet = QuietHours("21:00", "08:00", also=[QuietHours("19:00", "20:59")])
        one = reminder(days_before=1, at="22:00")
        assert placed(one, "2026-02-15 12:00", quiet=quiet) == "send_at shifted_quiet_hours 02-15 20:59:00"
        assert placed(reminder(days_before=1, at="20:58"), "2026-02-15 12:00", quiet=quiet) == (
            "send_at shifted_quiet_hours 02-15 18:59:00"
        )

    def test_now_with_microseconds_gives_whole_seconds(self):
        """Now with microseconds still gives whole seconds inside the window."""
        now = in_new_york("2026-02-15 12:00") + timedelta(microseconds=1)
        assert placed(reminder(), now) == "send_at clamped_late 02-15 12:05:31"


class TestSpread:
    def minutes(self, appointments, now="2026-02-14 12:00", quiet=None, **changes):
        found = []
        for number in range(appointments):
            one = reminder(appointment=f"A-{number}", spread="10 minutes", **changes)
            result = place(one, now=in_new_york(now), window=TELNYX, quiet=quiet)
            found.append((result.send_at - one.due_at) / timedelta(minutes=1))
        return found

    def test_300_reminders_due_together_go_out_over_the_spread(self):
        """A spread of ten minutes uses each of its minutes, none for more than a fifth of the reminders."""
        counts = [self.minutes(300).count(minute) for minute in range(10)]
        assert sum(counts) == 300
        assert min(counts) > 10
        assert max(counts) < 60

    def test_each_always_goes_out_at_the_same_minute_of_it(self):
        """A reminder's minute within the spread does not depend on when it is planned."""
        assert self.minutes(20) == self.minutes(20, now="2026-02-13 09:13")

    def test_spread_stays_out_of_quiet_hours_and_before_the_end(self):
        """Where quiet hours or `min_notice` cut the spread short, it is moved or shortened, not broken."""
        assert {*self.minutes(50, quiet=QuietHours("10:05", "11:00"))} <= {*range(-5, 5)}
        assert {*self.minutes(50, days_before=0, at="09:55", min_notice="2 minutes")} <= {0, 1, 2, 3}

    @pytest.mark.parametrize(
        ("shift", "minutes"), [("earlier", {*range(-70, -60)}), ("later", {*range(30, 40)})], ids=str
    )
    def test_what_quiet_hours_cover_is_spread_next_to_them_too(self, shift, minutes):
        """300 reminders of a night don't all go out at the one minute before or after it."""
        quiet = QuietHours("09:00", "10:30")
        counts = [self.minutes(300, quiet=quiet, shift=shift).count(minute) for minute in sorted(minutes)]
        assert sum(counts) == 300
        assert max(counts) < 60

    def test_what_is_spread_is_late_only_after_its_own_minute(self):
        """The spread send time, not the due time, decides whether a reminder is on time."""
        one = reminder(spread="10 minutes")
        send_at = place(one, now=in_new_york("2026-02-14 12:00"), window=TELNYX, quiet=None).send_at
        result = place(one, now=send_at - timedelta(minutes=5, seconds=30), window=TELNYX, quiet=None)
        assert (result.reason, result.send_at) == (Reason.ON_TIME, send_at)


class TestHoldAndSend:
    @pytest.mark.parametrize(
        ("now", "wanted"),
        [
            ("2026-02-01 10:00", "hold beyond_window 02-15 10:00:00"),
            ("2026-02-15 09:59:59", "hold beyond_window 02-15 10:00:00"),
            ("2026-02-15 10:00:00", "send_at on_time 02-15 10:00:00"),
            ("2026-02-15 10:05:00", "send_at on_time 02-15 10:05:00"),
            ("2026-02-15 10:05:01", "send_at clamped_late 02-15 10:05:01"),
        ],
    )
    def test_five_minutes_after_its_due_time_still_count_as_on_time(self, now, wanted):
        """Where the provider sends at once, a reminder is held until due, then on time for five minutes."""
        assert placed(reminder(), now, window=VONAGE) == wanted

    @pytest.mark.parametrize("if_far", ["hold", "clamp", "skip"])
    def test_there_is_no_window_to_be_beyond_of(self, if_far):
        """For a provider that cannot schedule, `if_far` means nothing: every early reminder is held."""
        assert placed(reminder(if_far=if_far), "2026-02-01 10:00", window=VONAGE) == "hold beyond_window 02-15 10:00:00"

    @pytest.mark.parametrize(
        ("now", "wanted"),
        [
            ("2026-02-15 12:00", "hold beyond_window 02-15 20:59:00"),
            ("2026-02-15 20:59", "send_at shifted_quiet_hours 02-15 20:59:00"),
            ("2026-02-15 21:00", "hold beyond_window 02-16 08:00:00"),
            ("2026-02-15 21:40", "hold beyond_window 02-16 08:00:00"),
            ("2026-02-16 08:00", "send_at shifted_quiet_hours 02-16 08:00:00"),
            ("2026-02-16 08:05", "send_at shifted_quiet_hours 02-16 08:05:00"),
            ("2026-02-16 08:06", "skip too_late"),
        ],
    )
    def test_held_over_quiet_hours_it_is_on_time_after_them(self, now, wanted):
        """Without a window a reminder is held over quiet hours, and is on time for five minutes after they end."""
        one = reminder(days_before=1, at="21:30", if_late="skip")
        assert placed(one, now, window=VONAGE, quiet=NIGHT) == wanted

    def test_never_past_the_start(self):
        """A reminder sent at once goes out until the second before the start, and is past from the start on."""
        one = reminder(before="2 minutes")
        assert placed(one, "2026-02-16 09:59:59", window=VONAGE) == "send_at on_time 02-16 09:59:59"
        assert placed(one, "2026-02-16 10:00:00", window=VONAGE) == "skip past"


class TestWindow:
    def test_an_edge_with_a_margin(self):
        """The margin makes the window narrower at both edges; a window of no length means hold and send."""
        now = datetime(2026, 2, 15, 12, tzinfo=UTC)
        assert TELNYX.opens(now) == now + timedelta(minutes=5, seconds=30)
        assert TELNYX.closes(now) == now + timedelta(days=5) - timedelta(seconds=30)
        assert not TELNYX.holds_and_sends
        assert VONAGE.holds_and_sends
        assert VONAGE.opens(now) == VONAGE.closes(now) == now

    def test_a_margin_does_not_matter_to_who_holds_and_sends(self):
        """A window of no length opens now, even with the default margin."""
        now = datetime(2026, 2, 15, 12, tzinfo=UTC)
        assert Window(timedelta(0), timedelta(0), timedelta(0)).opens(now) == now

    @pytest.mark.parametrize("lengths", [(5, 5, 1), (5, -5, 1), (-1, 5, 1)], ids=str)
    def test_a_window_without_room_is_refused(self, lengths):
        """A window whose lead times leave no instant, or are negative, is an error of its author."""
        with pytest.raises(InvalidInputError):
            Window(*(timedelta(minutes=length) for length in lengths))


class TestStillAllowed:
    @pytest.mark.parametrize(
        ("send_at", "reason"),
        [
            ("2026-02-15 20:59", None),
            ("2026-02-15 21:00", Reason.QUIET_HOURS),
            ("2026-02-16 09:29:59", None),
            ("2026-02-16 09:30:00", None),
            ("2026-02-16 09:30:01", Reason.TOO_LATE),
            ("2026-02-16 10:00:00", Reason.TOO_LATE),
            ("2026-02-16 11:00:00", Reason.PAST),
        ],
    )
    def test_b50_quiet_hours_notice_and_start_are_asked_again(self, send_at, reason):
        """Once parked, and before each retry, a send time is judged anew by quiet hours, notice, start and end."""
        one = reminder(end=MONDAY_10 + timedelta(hours=1), min_notice="30 minutes")
        assert still_allowed(in_new_york(send_at), one, NIGHT) == reason

    def test_without_quiet_hours_the_night_is_allowed(self):
        """Quiet hours of None forbid no instant."""
        assert still_allowed(in_new_york("2026-02-15 23:00"), reminder(), None) is None

    def test_follow_ups_are_bounded_by_quiet_hours_only(self):
        """A follow-up may go out long after the end, though not in quiet hours."""
        one = reminder(after="2 hours")
        assert still_allowed(in_new_york("2026-02-18 12:00"), one, NIGHT) is None
        assert still_allowed(in_new_york("2026-02-18 23:00"), one, NIGHT) is Reason.QUIET_HOURS

    def test_a_refusal_stands(self):
        """A reminder that was refused has no allowed instant, and the refusal is the reason."""
        given = Appointment("A-1", MONDAY_10, recipients=["12"])
        (one,) = reminders_of(given, [Rule("r", before="1 day")], Defaults())
        assert still_allowed(in_new_york("2026-02-15 12:00"), one, None) is Reason.INVALID_NUMBER


class TestSupersede:
    def outcome(self, rules, now, *, parked=None, phones=(NUMBER,), quiet=None):
        given = Appointment("A-1", MONDAY_10, recipients=phones)
        pairs = [
            (reminder, place(reminder, now=in_new_york(now), window=TELNYX, quiet=quiet))
            for reminder in reminders_of(given, rules, Defaults())
        ]
        keys = {
            reminder.key: parked[reminder.rule.id] for reminder, _ in pairs if parked and reminder.rule.id in parked
        }
        return [(reminder.rule.id, placement.reason.value) for reminder, placement in supersede(pairs, keys)]

    def rules(self, *offsets):
        return [Rule(offset, before=offset) for offset in offsets]

    def test_of_two_late_ones_the_nearest_to_the_start_stays(self):
        """Late reminders that would arrive together are one: the others are superseded."""
        assert self.outcome(self.rules("3 days", "1 day", "2 hours"), "2026-02-16 09:00") == [
            ("3 days", "superseded"),
            ("1 day", "superseded"),
            ("2 hours", "clamped_late"),
        ]

    def test_the_order_of_the_rules_does_not_matter(self):
        """Which late reminder stays depends on the offsets, not on the order in which rules are listed."""
        assert self.outcome(self.rules("2 hours", "1 day"), "2026-02-16 09:00") == [
            ("2 hours", "clamped_late"),
            ("1 day", "superseded"),
        ]

    @pytest.mark.parametrize(
        ("now", "reason"),
        [
            ("2026-02-16 07:39:30", "clamped_late"),
            ("2026-02-16 07:39:31", "superseded"),
        ],
    )
    def test_less_than_15_minutes_from_one_that_is_on_time(self, now, reason):
        """A late reminder is superseded if another goes out less than `COLLAPSE_WITHIN` after it."""
        assert self.outcome(self.rules("1 day", "2 hours"), now) == [("1 day", reason), ("2 hours", "on_time")]

    def test_what_is_on_time_is_never_superseded(self):
        """Two reminders that are both on time go out, even five minutes apart: the rules ask for both."""
        assert self.outcome(self.rules("125 minutes", "2 hours"), "2026-02-15 12:00") == [
            ("125 minutes", "on_time"),
            ("2 hours", "on_time"),
        ]

    def test_what_is_parked_stays_and_is_near(self):
        """A message parked already is not superseded, and a late one close to it is."""
        rules = self.rules("1 day", "2 hours")
        parked = {"1 day": in_new_york("2026-02-16 09:10:00")}
        assert self.outcome(rules, "2026-02-16 09:00", parked=parked) == [
            ("1 day", "clamped_late"),
            ("2 hours", "superseded"),
        ]

    def test_each_phone_is_judged_by_itself(self):
        """Only reminders to one phone supersede each other: every recipient keeps the nearest."""
        found = self.outcome(self.rules("1 day", "2 hours"), "2026-02-16 09:00", phones=(NUMBER, BOB))
        assert [reason for _, reason in found] == ["superseded", "superseded", "clamped_late", "clamped_late"]

    def test_follow_ups_supersede_no_reminders(self):
        """A follow-up says something else than a reminder: both go out, even minutes apart."""
        rules = [Rule("before", before="1 day"), Rule("after", after="5 minutes")]
        assert self.outcome(rules, "2026-02-16 09:54:00") == [("before", "clamped_late"), ("after", "on_time")]

    def test_late_ones_far_from_each_other_all_stay(self):
        """Two late reminders a full fifteen minutes apart both go out."""
        one = reminder(id="a")
        other = reminder(id="b", before="2 hours")
        pairs = [
            (one, Placement(PlacementDecision.SEND, Reason.CLAMPED_LATE, in_new_york("2026-02-16 09:00"))),
            (other, Placement(PlacementDecision.SEND, Reason.CLAMPED_LATE, in_new_york("2026-02-16 09:15"))),
        ]
        assert supersede(pairs) == pairs


MINUTE = timedelta(minutes=1)
ZONES = (
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Europe/Berlin",
    "America/St_Johns",
)
CHANGES = {
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
    "Pacific/Apia": ("2011-12-30", "2012-04-01"),
    "Africa/Casablanca": ("2026-02-15", "2026-03-22"),
    "Asia/Kathmandu": ("2026-03-08", "1986-01-01"),
    "Europe/Berlin": ("2026-03-29", "2026-10-25"),
    "America/St_Johns": ("2026-03-08", "2026-11-01"),
}
RULES = (
    {"before": "24 hours"},
    {"before": "1 day"},
    {"before": "1 week"},
    {"before": "10 minutes"},
    {"days_before": 1, "at": "18:00"},
    {"days_before": 1, "at": "02:15"},
    {"days_before": 0, "at": "08:00"},
    {"business_days_before": 2},
    {"weekday": "sunday", "at": "01:45"},
    {"after": "2 hours"},
    {"days_after": 1, "at": "02:30"},
)
QUIETS = (
    None,
    NIGHT,
    QuietHours("22:30", "02:30"),
    QuietHours("01:30", "02:15"),
    QuietHours("21:00", "08:00", also=[QuietHours("00:00", "24:00", on="holidays")]).with_days_off(
        Defaults(closed_days=[day for days in CHANGES.values() for day in days])
    ),
    QuietHours("12:00", "14:00", also=[NIGHT, QuietHours("00:00", "24:00", days="sunday")]),
)


@st.composite
def cases(draw, spreads=(0,)):
    """Return a reminder in a week in which some clock changes, and a `now` around it."""
    name = draw(st.sampled_from(ZONES))
    day = datetime.fromisoformat(draw(st.sampled_from(CHANGES[name]))).replace(tzinfo=ZoneInfo(name))
    start = day.astimezone(UTC) + timedelta(minutes=draw(st.integers(-3 * 24 * 60, 4 * 24 * 60)))
    changes = dict(draw(st.sampled_from(RULES)))
    changes["shift"] = draw(st.sampled_from(["earlier", "later"]))
    changes["if_late"] = draw(st.sampled_from([None, "clamp", "skip", {"skip_after": "6 hours"}]))
    changes["if_far"] = draw(st.sampled_from(["hold", "clamp", "skip"]))
    changes["min_notice"] = draw(st.sampled_from([0, "5 minutes"]))
    changes["spread"] = draw(st.sampled_from(spreads))
    booked = draw(st.sampled_from([None, start - timedelta(days=30), start - timedelta(hours=3)]))
    name_of_it = f"A-{draw(st.integers(1, 9)) if spreads != (0,) else 1}"
    given = Appointment(
        name_of_it, start, start + timedelta(minutes=50), timezone=name, recipients=[NUMBER], booked_at=booked
    )
    one = reminders_of(given, [Rule("r", text="Hi", **changes)], Defaults())[0]
    now = start + timedelta(seconds=draw(st.integers(-9 * 86_400, 3 * 86_400)), microseconds=draw(st.integers(0, 2)))
    return one, now, draw(st.sampled_from([TELNYX, TWILIO, VONAGE])), draw(st.sampled_from(QUIETS))


SPREAD = (0, "2 minutes", "4 minutes")


@examples(600)
@given(cases() | cases(SPREAD), st.booleans())
def test_a_placement_is_inside_every_constraint_or_refused(case, replaces):
    """A send time keeps window, quiet hours, start and notice; what is skipped has one of four reasons."""
    one, now, window, quiet = case
    result = place(one, now=now, window=window, quiet=quiet, replaces=replaces)
    zone = ZoneInfo(one.zone)
    if result.decision is PlacementDecision.SEND:
        send_at = result.send_at
        assert send_at.microsecond == 0
        if window.holds_and_sends:
            assert now <= send_at < now + timedelta(seconds=1)
        else:
            assert now + window.min_lead + window.margin <= send_at <= now + window.max_lead - window.margin
        assert quiet is None or not quiet.covers(send_at, zone)
        if not one.rule.is_follow_up:
            assert send_at < one.appointment.start_at
            assert send_at <= one.appointment.start_at - one.rule.min_notice
        assert still_allowed(send_at, one, quiet) is None
        if result.reason is Reason.ON_TIME and not window.holds_and_sends and not one.rule.spread:
            assert send_at == one.due_at or send_at < one.appointment.start_at <= one.due_at + MINUTE * 5
    elif result.decision is PlacementDecision.HOLD:
        assert result.reason is Reason.BEYOND_WINDOW
        assert result.park_at > now - timedelta(seconds=1)
        assert result.park_at.microsecond == 0
    else:
        assert result.reason in {Reason.TOO_LATE, Reason.TOO_FAR, Reason.PAST, Reason.QUIET_HOURS}
    assert result == place(one, now=now, window=window, quiet=quiet, replaces=replaces)


@examples(400)
@given(cases() | cases(SPREAD))
def test_what_is_held_can_be_parked_exactly_from_park_at(case):
    """A held reminder enters the window at `park_at`, and is held with the same `park_at` a second before."""
    one, now, window, quiet = case
    result = place(one, now=now, window=window, quiet=quiet)
    if result.decision is PlacementDecision.HOLD and result.park_at > now:
        then = place(one, now=result.park_at, window=window, quiet=quiet)
        before = place(one, now=result.park_at - timedelta(seconds=1), window=window, quiet=quiet)
        if one.rule.if_late.within is None:
            assert then.decision is PlacementDecision.SEND
            assert before.decision is PlacementDecision.HOLD
            assert before.park_at == result.park_at


@examples(400)
@given(cases())
def test_no_better_moment_is_passed_over(case):
    """Between the ideal (late: the earliest that can be asked for) and the result, every minute is forbidden."""
    one, now, window, quiet = case
    result = place(one, now=now, window=window, quiet=quiet)
    if result.decision is not PlacementDecision.SEND or result.reason is Reason.CLAMPED_FAR:
        return
    ideal = window.opens(now) if result.reason is Reason.CLAMPED_LATE else max(one.due_at, window.opens(now))
    send_at = result.send_at
    low, high = (ideal, send_at - MINUTE) if send_at > ideal else (send_at + MINUTE, ideal)
    between = [low + MINUTE * count for count in range(int((high - low) / MINUTE) + 1)] if low <= high else []
    assert all(still_allowed(moment, one, quiet) for moment in between)


@examples(400)
@given(cases() | cases(SPREAD), st.integers(1, 3 * 86_400))
def test_as_time_passes_a_send_time_never_moves_back(case, seconds):
    """As time passes, a send time never moves back, and a skip for lateness is final."""
    one, now, window, quiet = case
    first = place(one, now=now, window=window, quiet=quiet)
    later = place(one, now=now + timedelta(seconds=seconds), window=window, quiet=quiet)
    final = {Reason.TOO_LATE, Reason.PAST, Reason.QUIET_HOURS}
    if first.reason in final:
        assert later.reason in final
    if first.reason is Reason.CLAMPED_LATE and later.decision is PlacementDecision.SEND:
        assert later.reason is Reason.CLAMPED_LATE
        assert later.send_at >= first.send_at
    if (
        first.reason is Reason.ON_TIME
        and later.decision is PlacementDecision.SEND
        and later.reason is not Reason.CLAMPED_FAR
    ):
        assert later.send_at >= first.send_at


@examples(200)
@given(
    st.lists(st.sampled_from(RULES), min_size=2, max_size=6),
    st.integers(-2 * 86_400, 3600),
    st.sampled_from(QUIETS),
    st.sampled_from([TELNYX, VONAGE]),
    st.randoms(use_true_random=False),
)
def test_superseding_does_not_depend_on_the_order_of_its_input(several, seconds, quiet, window, chance):
    """Shuffled reminders are superseded alike, and no late one is left within `COLLAPSE_WITHIN` of another."""
    given = Appointment("A-1", MONDAY_10, recipients=[NUMBER, BOB])
    rules = [Rule(f"r{number}", text="Hi", **changes) for number, changes in enumerate(several)]
    now = MONDAY_10.astimezone(UTC) + timedelta(seconds=seconds)
    pairs = [(one, place(one, now=now, window=window, quiet=quiet)) for one in reminders_of(given, rules, Defaults())]
    shuffled = list(pairs)
    chance.shuffle(shuffled)
    calm = {one.key: placement.reason for one, placement in supersede(pairs)}
    assert {one.key: placement.reason for one, placement in supersede(shuffled)} == calm
    left = [
        (one, placement)
        for one, placement in supersede(pairs)
        if placement.decision is PlacementDecision.SEND and not one.rule.is_follow_up
    ]
    for one, placement in left:
        if placement.reason is Reason.CLAMPED_LATE:
            others = [placement for other, placement in left if other.recipient == one.recipient and other is not one]
            assert all(abs(placement.send_at - item.send_at) >= COLLAPSE_WITHIN for item in others)


@given(st.integers(1_700_000_000, 1_900_000_000).map(from_seconds), st.sampled_from(QUIETS[1:]), st.sampled_from(ZONES))
@examples(300)
def test_quiet_stretches_end_and_begin_where_their_clocks_say(instant, quiet, name):
    """`began` and `over` are the exact edges of one stretch that is quiet throughout, in every zone."""
    zone = ZoneInfo(name)
    over, began = quiet.over(instant, zone), quiet.began(instant, zone)
    if not quiet.covers(instant, zone):
        assert over == began == instant
        return
    second = timedelta(seconds=1)
    assert quiet.covers(over - second, zone)
    assert not quiet.covers(over, zone)
    assert quiet.covers(began, zone)
    assert not quiet.covers(began - second, zone)
    minute, step = began, timedelta(minutes=5)
    while minute < over:
        assert quiet.covers(minute, zone)
        minute += step


class TestQuietHoursThemselves:
    @pytest.mark.parametrize(
        ("now", "quiet"),
        [
            ("2026-02-15 20:59:59", False),
            ("2026-02-15 21:00:00", True),
            ("2026-02-16 07:59:59", True),
            ("2026-02-16 08:00:00", False),
        ],
    )
    def test_they_are_half_open(self, now, quiet):
        """Quiet hours include the second at which they begin and exclude the one at which they end."""
        assert NIGHT.covers(in_new_york(now), NEW_YORK) is quiet

    def test_they_are_as_long_as_the_night_is(self):
        """From 21:00 to 08:00 is 10 elapsed hours on the spring night and 12 on the autumn night."""
        spring, autumn = in_new_york("2026-03-07 23:00"), in_new_york("2026-10-31 23:00")
        assert NIGHT.over(spring, NEW_YORK) - NIGHT.began(spring, NEW_YORK) == timedelta(hours=10)
        assert NIGHT.over(autumn, NEW_YORK) - NIGHT.began(autumn, NEW_YORK) == timedelta(hours=12)

    def test_an_end_that_the_clock_leaps_over_is_the_leap(self):
        """Quiet hours until 02:30 end at 03:00 on the night in which 02:30 does not exist."""
        quiet = QuietHours("22:00", "02:30")
        assert quiet.over(in_new_york("2026-03-08 01:00"), NEW_YORK) == in_new_york("2026-03-08 03:00")

    def test_days_are_those_on_which_they_begin(self):
        """`days` names the day of the beginning: Sunday's quiet hours last into Monday morning."""
        sunday = QuietHours("21:00", "08:00", days="sunday")
        assert sunday.covers(in_new_york("2026-02-15 23:00"), NEW_YORK)
        assert sunday.covers(in_new_york("2026-02-16 07:00"), NEW_YORK)
        assert not sunday.covers(in_new_york("2026-02-16 23:00"), NEW_YORK)
        weekend = QuietHours("00:00", "24:00", days="weekends")
        assert weekend.over(in_new_york("2026-02-14 12:00"), NEW_YORK) == in_new_york("2026-02-16 00:00")
        assert weekend.began(in_new_york("2026-02-15 12:00"), NEW_YORK) == in_new_york("2026-02-14 00:00")

    def test_several_intervals_that_touch_are_one(self):
        """Where intervals overlap or touch, `over` and `began` are the edges of the whole stretch."""
        quiet = QuietHours(
            "21:00", "08:00", also=[{"start": "08:00", "end": "09:00"}, {"start": "20:00", "end": "22:00"}]
        )
        assert quiet.over(in_new_york("2026-02-15 23:00"), NEW_YORK) == in_new_york("2026-02-16 09:00")
        assert quiet.began(in_new_york("2026-02-15 23:00"), NEW_YORK) == in_new_york("2026-02-15 20:00")
        assert quiet.describe() == "21:00–08:00; 08:00–09:00; 20:00–22:00"

    def test_across_the_end_of_the_week_too(self):
        """Sunday's last hours and Monday's first ones are one stretch."""
        quiet = QuietHours("22:00", "24:00", days="sunday", also=QuietHours("00:00", "06:00", days="monday"))
        assert quiet.over(in_new_york("2026-02-15 23:00"), NEW_YORK) == in_new_york("2026-02-16 06:00")
        assert quiet.began(in_new_york("2026-02-16 03:00"), NEW_YORK) == in_new_york("2026-02-15 22:00")

    @pytest.mark.parametrize(
        "wrong",
        [("9 pm", "08:00"), ("21:00", "21:00"), ("25:00", "08:00"), ("21:60", "08:00"), (time(21), "8"), (21, 8)],
        ids=str,
    )
    def test_what_cannot_be_is_refused(self, wrong):
        """Times must be text as HH:MM, and start and end must differ."""
        with pytest.raises(InvalidInputError, match="quiet_hours"):
            QuietHours(*wrong)

    @pytest.mark.parametrize("days", [[], ["someday"], "fr", [5]], ids=str)
    def test_unknown_days_are_refused(self, days):
        """`days` is refused if it is empty or holds anything but a day's name."""
        with pytest.raises(InvalidInputError, match="quiet_hours"):
            QuietHours("21:00", "08:00", days=days)

    @pytest.mark.parametrize(
        "table", [{}, {"start": "21:00"}, {"start": "21:00", "end": "08:00", "zone": "UTC"}], ids=str
    )
    def test_a_table_has_start_and_end_and_nothing_unknown(self, table):
        """A table needs both times, and an unknown key is refused: ignored, it would hide a mistake."""
        with pytest.raises(InvalidInputError, match="start"):
            QuietHours.from_mapping(table)

    def test_they_can_be_copied_and_pickled(self):
        """A copy is equal and covers the same instants: settings travel between processes."""
        quiet = QuietHours("21:00", "08:00", days="weekdays", also=[NIGHT])
        assert quiet.covers(in_new_york("2026-02-16 23:00"), NEW_YORK)
        for twin in (pickle.loads(pickle.dumps(quiet)), copy.deepcopy(quiet)):
            assert twin == quiet
            assert twin.covers(in_new_york("2026-02-16 23:00"), NEW_YORK)

    def test_countries(self):
        """A country's code stands for its quiet hours, which may differ by the day of the week."""
        assert QuietHours.for_country("US") == NIGHT
        assert QuietHours.from_mapping({"country": "US"}) == NIGHT
        canada = QuietHours.for_country("ca")
        assert not canada.covers(in_new_york("2026-02-16 21:29"), NEW_YORK)
        assert canada.covers(in_new_york("2026-02-14 18:00"), NEW_YORK)
        assert canada.over(in_new_york("2026-02-15 19:00"), NEW_YORK) == in_new_york("2026-02-16 09:00")


def test_five_minutes_are_the_grace_of_the_contract():
    """The README promises both lengths: five minutes still on time, fifteen to collapse late reminders within."""
    assert timedelta(minutes=5) == GRACE
    assert timedelta(minutes=15) == COLLAPSE_WITHIN


def test_two_placements_are_equal_whatever_the_way_there():
    """What is done with a reminder does not depend on what was tried before."""
    at = in_new_york("2026-02-16 09:00")
    one, other = (
        Placement(PlacementDecision.SEND, Reason.CLAMPED_LATE, at, steps=steps) for steps in ((), (("nothing",),))
    )
    assert (one, hash(one)) == (other, hash(other))
    assert one.trail != other.trail
