"""Calendars as several programs may write them, put together by lot; the same number draws the same one.

Nearly all is what programs write, and a little what none should: a rule of no frequency, an end before the start.
"""

from __future__ import annotations

from random import Random

from tests.calendars.written import valarm, vcalendar, vtimezone

ZONES = [
    "America/New_York",
    "Europe/Berlin",
    "W. Europe Standard Time",
    "Clinic",
    "/freeassociation/Europe/London",
    "Nowhere",
]
NUMBERS = ["+12025550101", "(202) 555-0102", "202-555-0103", "+44 7700 900123", "+49 30 23125001", "12", "call us", ""]
NAMES = ["Ann Lee", "Bo Ray", "Zoë", "ann@x.example", ""]
WHEN = [
    "20260302T090000",
    "20260309T143000",
    "20260329T023000",
    "20260308T023000",
    "20260130T170000",
    "20260612T080000",
]
RULES = [
    "FREQ=WEEKLY;COUNT=4", "FREQ=DAILY;COUNT=5;INTERVAL=3", "FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20260415T000000Z",
    "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", "FREQ=WEEKLY", "FREQ=FORTNIGHTLY",
    "FREQ=YEARLY;BYMONTH=3,5;BYDAY=2TU;COUNT=4", "FREQ=DAILY;BYHOUR=9,15;COUNT=6",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE;BYSETPOS=1,-1;COUNT=5",
]  # fmt: skip
NOTES = [
    "Bring your card", "Tel. (202) 555-0104", "Patient: 202-555-0105, front desk 202-555-0199",
    "Zoom +1 202 555 0150 PIN 12345",
    "Last seen 2026-01-12\\, call 202.555.0106", "Mobil 07700 900456", "Ann's mother (202) 555-0107 to call",
    "https://x.example/2025550108",
]  # fmt: skip


class Drawer:
    """Draws one calendar."""

    def __init__(self, seed, when=WHEN):
        self.random, self.when = Random(seed), when

    def one(self, choices):
        return self.random.choice(choices)

    def maybe(self, share, *lines):
        return list(lines) if self.random.random() < share else []

    def moment(self, name, at=None):
        at = at or self.one(self.when)
        form = self.one(["utc", "zone", "zone", "floating", "day"])
        if form == "day":
            return f"{name};VALUE=DATE:{at[:8]}"
        zone = f";TZID={self.one(ZONES)}" if form == "zone" else ""
        return f"{name}{zone}:{at}{'Z' if form == 'utc' else ''}"

    def person(self):
        name, number = self.one(NAMES), self.one(NUMBERS)
        answer = self.one(["", "", ";PARTSTAT=DECLINED", ";PARTSTAT=ACCEPTED", ";PARTSTAT=DELEGATED"])
        kind = self.one(["", "", "", ";CUTYPE=ROOM", ";ROLE=NON-PARTICIPANT"])
        called = f';CN="{name}"' if name else ""
        form = self.one(["tel", "mail", "mail with number", "mail"])
        if form == "tel":
            return f"ATTENDEE{called}{answer}{kind}:tel:{number}"
        extra = f';X-PHONE="{number}"' if form == "mail with number" else ""
        return f"ATTENDEE{called}{answer}{kind}{extra}:mailto:{self.one(['ann', 'bo', 'zoe'])}@x.example"

    def event(self, uid, at, *lines):
        who = [self.person() for _ in range(self.random.choice([0, 1, 1, 2]))]
        said = [
            *self.maybe(0.8, f"SUMMARY:{self.one(['Check-up', 'Cleaning', 'Mia Muster 202-555-0109', 'Closed'])}"),
            *self.maybe(0.5, f"DESCRIPTION:{self.one(NOTES)}"),
            *self.maybe(0.3, f"LOCATION:{self.one(['Room 2', '12 High Street', '(202) 555-0199'])}"),
            *self.maybe(0.2, f"CONTACT:{self.one(NAMES)} {self.one(NUMBERS)}"),
            *self.maybe(0.2, f"{self.one(['X-PHONE', 'X-CLIENT-PHONE', 'X-PATIENT-MOBILE'])}:{self.one(NUMBERS)}"),
            *self.maybe(0.4, f"STATUS:{self.one(['CONFIRMED', 'TENTATIVE', 'CANCELLED', 'DONE'])}"),
            *self.maybe(0.4, f"SEQUENCE:{self.random.randrange(3)}"),
            *self.maybe(0.6, f"DTSTAMP:202601{self.random.randrange(1, 29):02}T000000Z"),
            *self.maybe(
                0.4, self.one(["DURATION:PT45M", "DURATION:-PT5M", self.moment("DTEND"), "DTEND:20260302T100000Z"])
            ),
            *self.maybe(0.2, f"TRANSP:{self.one(['OPAQUE', 'TRANSPARENT'])}", "CLASS:PRIVATE"),
            *self.maybe(
                0.2, valarm(self.one(["TRIGGER:-PT30M", "TRIGGER;RELATED=END:PT5M", "TRIGGER:-P1D", "TRIGGER:soon"]))
            ),
        ]
        return "\r\n".join(
            [
                "BEGIN:VEVENT",
                *([f"UID:{uid}"] if uid else []),
                self.moment("DTSTART", at),
                *lines,
                *who,
                *said,
                "END:VEVENT",
            ]
        )

    def events(self, uid):
        at = self.one(self.when)
        if self.random.random() < 0.5:
            return [self.event(uid, at) for _ in range(self.random.choice([1, 1, 1, 2]))]
        taken = self.maybe(0.4, self.moment("EXDATE", self.one(self.when))) + self.maybe(0.2, self.moment("RDATE"))
        series = [self.event(uid, at, f"RRULE:{self.one(RULES)}", *taken)]
        for _ in range(self.random.choice([0, 0, 1, 2])):
            onwards = self.one(["", "", ";RANGE=THISANDFUTURE"])
            instance = self.moment("RECURRENCE-ID", self.one([at, "20260309T090000", "20260316T090000"]))
            series.append(
                self.event(uid, self.one(self.when), instance.replace("RECURRENCE-ID", f"RECURRENCE-ID{onwards}", 1))
            )
        self.random.shuffle(series)
        return series

    def calendar(self):
        head = [*self.maybe(0.3, f"METHOD:{self.one(['PUBLISH', 'REQUEST', 'CANCEL', 'REPLY'])}")]
        head += self.maybe(0.4, f"X-WR-TIMEZONE:{self.one(ZONES)}")
        head += self.maybe(0.6, vtimezone("Clinic", standard="-0500", daylight=self.one([None, "-0400"])))
        uids = [f"visit-{number}" for number in range(self.random.randrange(2, 7))] + self.maybe(0.2, "")
        return vcalendar(*head, *(event for uid in uids for event in self.events(uid)))


def drawn(seed):
    """Return a calendar as text."""
    return Drawer(seed).calendar()
