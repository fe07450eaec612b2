"""What a run came to, on the screen and as JSON: its changes with names, its sums, what is wrong, and a status.

Never plans or carries anything out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from reminder_kit.cli.called import called_in, named_changes
from reminder_kit.cli.options import chosen
from reminder_kit.cli.output import say, tell_problems, write_json, write_lines, zone_of
from reminder_kit.cli.rendering import Line, change_lines, outcome_line, shortened
from reminder_kit.errors import CalendarError
from reminder_kit.model.names import NOBODY
from reminder_kit.model.phones import is_given_out
from reminder_kit.model.reasons import Reason
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.plan import Plan
from reminder_kit.planning.report import Report

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit

__all__ = ["finished", "show_plan", "status_of", "told", "worse"]


def show_plan(
    kit: ReminderKit,
    made: Plan,
    file: str,
    *,
    source: str | None = None,
    force: bool = False,
    terse: bool = False,
    quiet: bool = False,
) -> int:
    """Show a plan with a forecast of its costs and return the exit status; an unsafe one is refused like its run.

    `source` is the one that a calendar was read for; None: no calendar was.
    """
    idle = quiet and not made.work and not made.summary["failed"]
    costs = kit.forecast(made)
    if chosen().json and not idle:
        write_json({**_document(kit, made), "source": source, "digest": made.digest, "forecast": costs.as_json()})
    elif not idle:
        _write(kit, made, terse=terse or quiet)
        write_lines(Line(line, "", 2) for line in costs.lines)
        _tell_of_nobody(kit, made)
        if made.work:
            write_lines([Line(f"digest {made.digest}", "dim")])
    broken = tell_problems(made.problems, file, only_errors=idle)
    _tell_doubtful_numbers(made)
    if not force:
        made.raise_if_unsafe()
    return 1 if broken or made.summary["failed"] else 0


def finished(
    kit: ReminderKit,
    report: Report,
    file: str = "",
    *,
    one_line: bool = False,
    terse: bool = False,
    quiet: bool = False,
) -> int:
    """Show what a run did and return the exit status.

    `terse` leaves out changes that needed nothing done; a `quiet` run that did nothing says nothing but what failed,
    and what waits for a person. 1: something failed or is unknown, a calendar could not be read at all, or a rule can
    be written for nobody; 4: all was done, but something waits for a person who has not seen it.
    """
    idle = quiet and report.ok and not any(map(_is_news, report.changes))
    if not idle:
        _write(kit, report, one_line=one_line, terse=terse or quiet)
    return told(kit, report, file, idle=idle)


def told(kit: ReminderKit, report: Report, file: str, *, idle: bool = False) -> int:
    """Say what a run met, and return its exit status; of an `idle` one only what is wrong, or waits for a person."""
    if not idle:
        _tell_of_nobody(kit, report)
    tell_problems(report.problems, file, only_errors=idle)
    _tell_doubtful_numbers(report)
    unseen = [item for item in report.attention if not item.seen]
    for item in unseen:
        say(f"waits for a person: {item}")
    return status_of(report)


def status_of(report: Report) -> int:
    """Return the exit status of a run: 1 something failed, 4 something unseen waits for a person, 0 all is done."""
    unseen = [item for item in report.attention if not item.seen]
    unread = any(isinstance(problem, CalendarError) for problem in report.problems)
    if not report.ok or unread or any(item.fails for item in unseen):
        return 1
    return 4 if unseen else 0


def worse(one: int, other: int) -> int:
    """Return the exit status that counts of two steps: whatever failed before what only waits for a person."""
    return max((one, other), key=lambda status: (status not in (0, 4), status))


def _is_news(change: Change) -> bool:
    """Say whether something was, or would be, done, or went wrong."""
    return change.is_work or change.outcome is not None


def _tell_of_nobody(kit: ReminderKit, run: Plan | Report) -> None:
    """Say how many appointments nobody can be reminded of, also of those passed over, and which is the first.

    Its title is for who looks: where stderr is no terminal, it may be a log.
    """
    nobody = list(dict.fromkeys(change.identity for change in run.changes if change.reason is Reason.NO_RECIPIENT))
    first = ""
    if nobody:
        title = called_in(kit, nobody[:1], run).get(nobody[0], NOBODY).title if sys.stderr.isatty() else ""
        named = ", ".join(filter(None, (shortened(nobody[0].id), shortened(title, 36))))
        first = f"; first: {named}"
    if count := len(nobody) + run.passed_over.without_phone:
        has = "appointment has" if count == 1 else "appointments have"
        say(f"{count} {has} no phone number: nobody is reminded of {'it' if count == 1 else 'them'}{first}")


def _tell_doubtful_numbers(run: Plan | Report) -> None:
    """Say how many numbers are newly written to that are in no range their country gives out, as far as is known."""
    new = {change.to: change.identity.id for change in run.changes if change.kind is ChangeKind.SCHEDULE and change.to}
    doubtful = [name for number, name in new.items() if "@" not in number and not is_given_out(number)]
    if doubtful:
        several = "" if len(doubtful) == 1 else "s"
        say(
            f"{len(doubtful)} number{several} in no range that a country is known to give out, written to all the same "
            f"(as for appointment {doubtful[0]!r}): look whether a digit is wrong"
        )


def _write(kit: ReminderKit, run: Plan | Report, *, one_line: bool = False, terse: bool = False) -> None:
    if chosen().json:
        write_json(_document(kit, run), one_line=one_line)
        return
    listed = [change for change in run.changes if not terse or _is_news(change)]
    called = called_in(kit, (change.identity for change in listed), run)
    write_lines([*change_lines(listed, zone_of(kit), called), outcome_line(run)])


def _document(kit: ReminderKit, run: Plan | Report) -> dict[str, Any]:
    """Return the document of `--json`: every change of the run, with names, and what could not be read."""
    document = run.as_json()
    named_changes(document, run.changes, called_in(kit, (change.identity for change in run.changes), run))
    return {**document, "problems": list(_problems(run.problems))}


def _problems(problems: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    """Yield what could not be read of calendars as plain JSON values."""
    for problem in problems:
        yield {
            "severity": getattr(problem, "severity", "error"),
            "message": getattr(problem, "message", None) or str(problem),
            **{name: getattr(problem, name, None) for name in ("uid", "line", "file")},
        }
