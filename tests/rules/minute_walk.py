"""A walk through all minutes that finds the places of reminders, and the rules, windows and quiet hours for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reminder_kit import QuietHours
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.window import Window
from tests.factories import NUMBER

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 2, 12, 15, tzinfo=UTC)
END = START + HOUR
NIGHT = QuietHours("21:00", "08:00")
NOON = QuietHours("11:00", "15:30")
ALL_DAY = QuietHours("00:00", "24:00")
WIDE = Window(5 * MINUTE, 2 * DAY, MINUTE, MINUTE)
NARROW = Window(5 * MINUTE, 4 * HOUR, MINUTE, MINUTE)
NONE = Window(timedelta(0), timedelta(0), timedelta(0))
WINDOWS = {"wide": WIDE, "narrow": NARROW, "none": NONE}
FAR = 3 * DAY
QUIET = {"never": None, "night": NIGHT, "noon": NOON, "always": ALL_DAY}


def is_quiet(quiet, moment):
    """Say whether a minute is quiet, by its clock in UTC."""
    minute = moment.hour * 60 + moment.minute
    if quiet is NIGHT:
        return minute >= 21 * 60 or minute < 8 * 60
    return quiet is ALL_DAY or (quiet is NOON and 11 * 60 <= minute < 15 * 60 + 30)


def edges(window, now):
    """Return when a window opens and closes."""
    if window is NONE:
        return now, now
    return now + window.min_lead + window.margin, now + window.max_lead - window.margin


def walked(first, last, quiet, deadline):
    """Return the first minute on the way from one to another that is neither quiet nor after the deadline; or None."""
    if quiet is ALL_DAY:
        return None
    step = MINUTE if first <= last else -MINUTE
    moment = first
    while (moment <= last) if step > timedelta(0) else (moment >= last):
        if not is_quiet(quiet, moment) and (deadline is None or moment <= deadline):
            return moment
        moment += step
    return None


class Walk:
    """The steps that the module tells, each minute looked at by itself."""

    def __init__(self, rule, due, window, quiet, now, replaces):
        self.rule, self.due, self.window, self.quiet, self.now, self.replaces = rule, due, window, quiet, now, replaces
        self.follows = rule.is_follow_up
        self.anchor = END if rule.anchor == "end" else START
        self.deadline = None if self.follows else self.anchor - (rule.min_notice or MINUTE / 60)
        self.earliest, self.latest = edges(window, now)
        self.covered = is_quiet(quiet, due)
        self.in_time = self.follows or due <= self.deadline

    def found(self):
        """Return decision, reason, send time and time of parking."""
        if self.anchor <= self.now and not self.follows and self.now >= END:
            return skip("past")
        if not self.covered and self.earliest <= self.due <= self.latest and self.in_time:
            return "send_at", "on_time", self.due, None
        grace = 5 * MINUTE if self.window is NONE else timedelta(0)
        return self.late() if self.on_time_until() < self.earliest - grace else self.on_time()

    def on_time_until(self):
        over = walked(self.due, self.due + FAR, self.quiet, None)
        if not self.covered or over is None:
            return self.due
        longer = over - self.due > self.latest - self.earliest
        return over if self.rule.shift == "later" or longer else self.due

    def is_given_up(self):
        policy, late = self.rule.if_late, self.now - self.due
        too_late = policy.policy == "skip" or (policy.within is not None and late > policy.within)
        if too_late:
            return "past" if self.follows and self.anchor <= self.now else "too_late"
        impatient = self.follows and self.anchor <= self.now and not self.rule.says_late
        return "past" if impatient and late > DAY else None

    def late(self):
        if not self.replaces and self.is_given_up():
            return skip(self.is_given_up())
        target = walked(self.earliest, self.earliest + FAR, self.quiet, self.deadline)
        if target is None:
            return self.nothing()
        if target <= self.latest:
            return "send_at", "clamped_late", target, None
        patient = self.replaces or self.rule.says_late or not self.follows
        return self.held(target) if patient or self.enters(target) - self.due <= DAY else skip("past")

    def on_time(self):
        target = self.nearest()
        if target is None:
            return self.nothing()
        if target <= self.latest:
            return "send_at", "shifted_quiet_hours" if self.covered else "on_time", target, None
        if self.rule.if_far == "hold" or self.window is NONE:
            return self.held(target)
        if self.rule.if_far == "skip":
            return skip("too_far")
        last = walked(self.latest, self.earliest, self.quiet, None)
        return self.nothing() if last is None else ("send_at", "clamped_far", last, None)

    def nearest(self):
        if not self.covered and self.due >= self.earliest and self.in_time:
            return self.due
        begin = max(self.due, self.earliest)
        forward = walked(begin, begin + FAR, self.quiet, self.deadline)
        bound = begin if self.follows else min(begin, self.deadline.replace(second=0))
        back = walked(bound, self.earliest, self.quiet, None) if bound >= self.earliest else None
        if back is not None and back == bound < begin:
            back = self.deadline
        return (back or forward) if self.rule.shift == "earlier" else (forward or back)

    def enters(self, target):
        return target if self.window is NONE else target - self.window.max_lead + self.window.margin

    def held(self, target):
        return "hold", "beyond_window", None, self.enters(target)

    def nothing(self):
        return skip("quiet_hours" if self.follows or self.earliest <= self.deadline else "too_late")


def skip(reason):
    return "skip", reason, None, None


RULES = {
    "a day before": {"before": "24 hours"},
    "three hours before": {"before": "3 hours", "shift": "later", "if_far": "clamp"},
    "the evening before": {"days_before": 1, "at": "22:00", "if_far": "skip"},
    "the evening before, later": {"days_before": 1, "at": "22:00", "shift": "later"},
    "an hour before, with notice": {"before": "1 hour", "min_notice": "30 minutes", "if_late": "skip"},
    "before the end": {"before": "2 hours", "anchor": "end", "if_late": {"skip_after": "1 hour"}},
    "after": {"after": "3 hours"},
    "after, whenever": {"after": "3 hours", "if_late": "clamp", "shift": "later"},
    "after, in time": {"after": "0 hours", "if_late": {"skip_after": "30 minutes"}, "if_far": "clamp"},
}
NOWS = [-3 * DAY, -DAY - 7 * MINUTE, -DAY - 6 * MINUTE, -DAY, -18 * HOUR, -17 * HOUR, -8 * HOUR, -7 * HOUR]
NOWS += [-4 * HOUR, -3 * HOUR, -2 * HOUR, -HOUR, -36 * MINUTE, -35 * MINUTE, -7 * MINUTE, -6 * MINUTE, -MINUTE]
NOWS += [timedelta(0), 30 * MINUTE, HOUR, 3 * HOUR, 4 * HOUR, 4 * HOUR + 5 * MINUTE, 4 * HOUR + 6 * MINUTE]
NOWS += [8 * HOUR, 27 * HOUR, 28 * HOUR, 28 * HOUR + MINUTE, 40 * HOUR]


def reminder_of(rule, **changes):
    one = Appointment("A-1", START, END, "UTC", [Recipient(NUMBER)], **changes)
    (found,) = reminders_of(one, [Rule("r", text="Hi", **rule)], Defaults())
    return found


def told(placement):
    return placement.decision, placement.reason, placement.send_at, placement.park_at
