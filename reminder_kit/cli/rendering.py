"""Plans, reports and counts as lines of text for people; days and times in the practice's own zone.

Pure: no clock, no I/O. Never asks how wide a terminal is, never shows a whole phone number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from attrs import field, frozen

from reminder_kit.model.instants import in_zone, iso
from reminder_kit.model.instants import zone as zone_named
from reminder_kit.model.names import NOBODY, Called
from reminder_kit.model.phones import masked
from reminder_kit.model.records import Identity
from reminder_kit.planning.attention import Affected, AttentionItem
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.plan import Plan
from reminder_kit.planning.report import Report
from reminder_kit.text.printable import printable

__all__ = [
    "LISTED",
    "Line",
    "aligned",
    "change_lines",
    "count_lines",
    "day",
    "item_lines",
    "moment",
    "outcome_line",
    "shortened",
]

_SHOWN = 200
"""Lines of each kind that need nothing done which are listed."""
LISTED = 20
"""How many of those whom an item concerns are listed."""
_QUIET = (ChangeKind.KEEP, ChangeKind.HOLD, ChangeKind.SKIP)
_STYLES = {
    ChangeKind.SCHEDULE: "green",
    ChangeKind.REPLACE: "yellow",
    ChangeKind.CANCEL: "red",
    ChangeKind.HOLD: "cyan",
    ChangeKind.KEEP: "dim",
    ChangeKind.SKIP: "dim",
}
_WORDS = {
    ChangeKind.SCHEDULE: ("to schedule", "scheduled"),
    ChangeKind.REPLACE: ("to replace", "replaced"),
    ChangeKind.CANCEL: ("to cancel", "cancelled"),
    ChangeKind.HOLD: ("held", "held"),
    ChangeKind.KEEP: ("kept", "kept"),
    ChangeKind.SKIP: ("skipped", "skipped"),
}
"""How a kind of change is called in the sums of a plan, and of a report."""


@frozen
class Line:
    """One line of text, which any terminal can show."""

    text: str = field(converter=printable)
    #: A style of rich, where there are colours; "": none.
    style: str = ""
    #: How far its continuation is indented where it must be wrapped.
    hang: int = 0


def day(at: datetime, zone: ZoneInfo) -> str:
    """Return an instant's day in a zone, in words: "Tue 3 Mar 2026"."""
    local = in_zone(at, zone)
    return f"{local:%a} {local.day} {local:%b %Y}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Return an instant's day and time in a zone, in words without the year: "Tue 3 Mar 09:00"."""
    local = in_zone(at, zone)
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def shortened(name: str, longest: int = 24) -> str:
    """Return a long identifier with its middle left out."""
    if len(name) <= longest:
        return name
    return f"{name[: longest // 2]}…{name[-(longest - longest // 2 - 1) :]}"


def aligned(rows: Sequence[Sequence[str]], indent: int = 2) -> list[str]:
    """Return rows as lines with their columns aligned, as they are shown."""
    if not rows:
        return []
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        (" " * indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]


def change_lines(
    changes: Iterable[Change], zone: ZoneInfo, called: Mapping[Identity, Called] = MappingProxyType({})
) -> list[Line]:
    """Return changes by day: what goes out when, what is withdrawn, what is not sent and why.

    `called` are the names that stand beside the ids, by appointment.
    An error is written once for all rows in succession that have it. Of changes that are done, and of those that need
    nothing done, at most 200 each are listed.
    """
    listed = list(changes)
    quiet = [change for change in listed if change.kind in _QUIET and change.outcome is None]
    done = [change for change in listed if change.outcome == "done"]
    hidden = {id(change) for change in (*quiet[_SHOWN:], *done[_SHOWN:])}
    lines: list[Line] = []
    for title, group in _groups([change for change in listed if id(change) not in hidden], zone):
        lines += [Line(title, "bold"), *_rows(group, zone, called), Line("")]
    if hidden:
        lines.append(Line(f"… and {len(hidden)} more that need nothing done any more (--json lists all)", "dim"))
    return lines


def _groups(changes: Iterable[Change], zone: ZoneInfo) -> list[tuple[str, list[Change]]]:
    days: dict[tuple[int, str], tuple[str, list[Change]]] = {}
    for change in sorted(changes, key=_order):
        at = change.send_at or change.due_at
        if change.kind is ChangeKind.SKIP or at is None:
            key, title = (2, ""), "Not sent"
        elif change.kind is ChangeKind.CANCEL:
            key, title = (1, ""), "Withdrawn"
        else:
            key, title = (0, in_zone(at, zone).date().isoformat()), f"{day(at, zone)} ({zone.key})"
        days.setdefault(key, (title, []))[1].append(change)
    return [days[key] for key in sorted(days)]


def _order(change: Change) -> tuple[str, str, str]:
    at = change.send_at or change.due_at
    return (iso(at) if at else "", change.identity.id, change.rule)


def _rows(group: Sequence[Change], zone: ZoneInfo, called: Mapping[Identity, Called]) -> list[Line]:
    names = [shortened(called.get(change.identity, NOBODY).label(change.recipient, change.to), 36) for change in group]
    cells = [_cells(change, zone) for change in group]
    if any(names):
        cells = [[*cell[:3], name, *cell[3:]] for cell, name in zip(cells, names, strict=True)]
    lines = aligned(cells)
    found: list[Line] = []
    said = None
    for change, line in zip(group, lines, strict=True):
        wrong = change.outcome in ("failed", "unknown")
        found.append(Line(line, "bold red" if wrong else _STYLES[change.kind], 9))
        if change.text and change.is_work and change.kind is not ChangeKind.CANCEL and not wrong:
            found.append(Line(f"         “{change.text}”", "", 10))
        if change.error and change.error != said:
            word = "warning" if change.outcome == "done" else change.outcome or ("left" if change.is_left else "error")
            found.append(Line(f"         {word}: {change.error}", "red", 9))
        said = change.error
    return found


def _cells(change: Change, zone: ZoneInfo) -> list[str]:
    at = change.send_at or change.due_at
    clock = f"{in_zone(at, zone):%H:%M}" if at else "  –  "
    if change.kind in (ChangeKind.CANCEL, ChangeKind.SKIP) and at:
        clock = moment(at, zone)
    why = f"{change.reason}{' (' + ', '.join(change.causes) + ')' if change.causes else ''}{_local_time(change, zone)}"
    was = f", was {moment(change.was_at, zone)}" if change.was_at and change.was_at != change.send_at else ""
    outcome = {"failed": "FAILED ", "unknown": "UNKNOWN "}.get(change.outcome or "", "")
    if change.is_left and change.error:
        outcome = "LEFT "
    to = masked(change.to) if change.to else "–"
    return [clock, f"{outcome}{change.kind}", shortened(change.identity.id), change.rule or "–", to, why + was]


def _local_time(change: Change, zone: ZoneInfo) -> str:
    """Return what the recipient's own clock shows as a message arrives, where that is another time; else ""."""
    if change.send_at is None or not change.zone or change.kind is ChangeKind.CANCEL:
        return ""
    here, there = in_zone(change.send_at, zone), in_zone(change.send_at, zone_named(change.zone))
    return "" if here.utcoffset() == there.utcoffset() else f", {there:%a %H:%M} in {change.zone}"


def outcome_line(run: Plan | Report) -> Line:
    """Return the sums of a plan, or of a report of what was done."""
    done = isinstance(run, Report)
    summary = run.summary
    apart = Counter(
        change.kind for change in run.changes if change.outcome in ("failed", "unknown") or (done and change.is_left)
    )
    counts = {kind: summary[kind.value] - apart[kind] for kind in ChangeKind}
    parts = [f"{count} {_WORDS[kind][done]}" for kind, count in counts.items() if count]
    parts += [f"{summary[name]} {name}" for name in ("failed", "unknown") if summary[name]]
    parts += [f"{left} left to another worker"] if (left := summary.get("left")) else []
    count = summary["appointments"]
    what = ", ".join(parts) or "nothing to do"
    bad = summary["failed"] or summary["unknown"]
    return Line(f"{count} appointment{'' if count == 1 else 's'}: {what}.", "bold red" if bad else "bold")


def item_lines(
    item: AttentionItem, zone: ZoneInfo, called: Mapping[Identity, Called] = MappingProxyType({})
) -> list[Line]:
    """Return what waits for a person as lines: the cause and its remedy, then whom it concerns (at most 20)."""
    seen = " (seen)" if item.seen else ""
    again = f", tried again {moment(item.next_try_at, zone)}" if item.next_try_at else ""
    lines = [
        Line(f"{item.id}  {item.kind}{seen}: {item.what}", "dim" if item.seen else "bold", 10),
        Line(f"          {item.remedy}; since {moment(item.since, zone)}{again}", "", 10),
    ]
    rows = [
        [
            moment(member.start_at, zone) if member.start_at else "–",
            _named(item, member),
            _label(member, called),
            member.rule or "–",
            masked(member.to) if member.to else "–",
        ]
        for member in item.affected[:LISTED]
    ]
    if not any(row[2] for row in rows):
        rows = [[*row[:2], *row[3:]] for row in rows]
    lines += [Line(text, "dim") for text in aligned(rows, indent=10)]
    if len(item.affected) > LISTED:
        lines.append(Line(f"          … and {len(item.affected) - LISTED} more (--json lists all)", "dim"))
    return lines


def _named(item: AttentionItem, member: Affected) -> str:
    """Return what a member of an item is called: the appointment, what the person wrote, or its name in the item."""
    if item.kind == "unclear_reply" and member.error:
        return f"“{shortened(' '.join(member.error.split()), 60)}”"
    return shortened(member.identity.id if member.identity else member.key)


def _label(member: Affected, called: Mapping[Identity, Called]) -> str:
    known = called.get(member.identity, NOBODY) if member.identity else NOBODY
    return shortened(known.label(number=member.to), 36)


def count_lines(counts: Mapping[str, Any], zone: ZoneInfo, indent: int = 0) -> list[Line]:
    """Return nested counts and instants as indented lines; an empty one is "none"."""
    lines: list[Line] = []
    for name, value in counts.items():
        words = " " * indent + str(name).replace("_", " ")
        if isinstance(value, Mapping) and value:
            lines += [Line(f"{words}:", "" if indent else "bold"), *count_lines(value, zone, indent + 2)]
        else:
            lines.append(Line(f"{words}: {_value_text(value, zone)}"))
    return lines


def _value_text(value: Any, zone: ZoneInfo) -> str:
    """Return a count, an instant or a list of them as text."""
    if isinstance(value, datetime):
        return f"{day(value, zone)} {in_zone(value, zone):%H:%M} ({zone.key})"
    if isinstance(value, list | tuple) and value:
        return ", ".join(_value_text(item, zone) for item in value)
    return "none" if value is None or value in ({}, [], ()) else str(value)
